"""TxnCheck: what is refused, by whom, and what is reported of it."""

from typing import Any

import pytest

from functions.core.errors import (
    AccountRefused,
    AnswerLost,
    CourierError,
    CredentialsRejected,
    OutOfCredits,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
    RequestInvalid,
    SourceMisnamed,
)
from local.simulators.txncheck import (
    Answer,
    CallLimit,
)
from tests.contract.harness import retry_hint
from tests.contract.sources import BytesSource
from tests.contract.txncheck_harness import BODIES, TxncheckHarness

_ON_SUBMIT: dict[int, type[CourierError]] = {
    400: ProviderRejected,
    401: CredentialsRejected,
    402: OutOfCredits,
    403: AccountRefused,
    404: ProviderRejected,
    429: ProviderThrottled,
    503: ProviderUnavailable,
}
_ON_CHECK = _ON_SUBMIT | {404: ProviderLostJob, 500: ProviderUnavailable}


@pytest.mark.fault(85)
@pytest.mark.parametrize(
    ("switches", "error"),
    [
        pytest.param({"active": False}, AccountRefused, id="deactivated"),
        pytest.param({"address_allowed": False}, AccountRefused, id="address"),
        pytest.param({"methods_allowed": frozenset()}, AccountRefused, id="method"),
        pytest.param({"balance": 0}, OutOfCredits, id="balance"),
    ],
)
@pytest.mark.parametrize("as_list", [False, True])
def test_raises_the_error_of_each_refusal(
    txncheck: TxncheckHarness,
    switches: dict[str, Any],
    error: type[CourierError],
    as_list: bool,
) -> None:
    """Nothing was accepted then, and the reader knows whom to ask."""
    txncheck.simulator.behave(message_lists=as_list, **switches)

    with txncheck.expect_error(error):
        txncheck.submit()

    assert txncheck.accepted_count() == 0
    assert txncheck.key.fresh_reads == 0


@pytest.mark.fault(21)
def test_raises_out_of_credits_until_there_are_some(txncheck: TxncheckHarness) -> None:
    """Which calls need credits is not documented, nor that only a submission does."""
    reference = txncheck.submit()
    txncheck.simulator.behave(
        calls_needing_credits=frozenset({"submit", "check"}),
        credits_back_at=txncheck.now() + 60,
    )

    for call in (txncheck.submit, lambda: txncheck.provider.check(reference)):
        with txncheck.expect_error(OutOfCredits):
            call()
    txncheck.simulator.clock.advance(60)

    assert txncheck.submit()
    assert txncheck.provider.check(reference).kinds
    assert txncheck.accepted_count() == 2


@pytest.mark.fault(85)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("as_list", [False, True])
def test_repeats_no_words_of_an_error(
    txncheck: TxncheckHarness, status: int, as_list: bool
) -> None:
    """Messages may echo the request; `expect_error` searches for all of it."""
    echo = f"no verdict for {BODIES['full-check']} and {BODIES['vpa-chargeback-check']}"
    body = {"statusCode": status, "message": [echo] if as_list else echo, "error": echo}
    answer = Answer.json(body, status)
    for call in ("submit", "check"):
        txncheck.script(call, answer)

    with txncheck.expect_error(_ON_SUBMIT.get(status, AnswerLost)):
        txncheck.submit()
    with txncheck.expect_error(_ON_CHECK.get(status, ProviderRejected)):
        txncheck.provider.check(txncheck.unknown_ref)


@pytest.mark.fault(23)
def test_raises_unavailable_for_a_503_of_the_api_itself(
    txncheck: TxncheckHarness,
) -> None:
    """It is no acceptance, unlike perhaps a 503 from elsewhere."""
    own = {"statusCode": 503, "message": "x", "error": "Service Unavailable"}
    txncheck.script("submit", Answer.json(own, 503))

    with txncheck.expect_error(ProviderUnavailable):
        txncheck.submit()

    assert txncheck.submit()
    assert txncheck.accepted_count() == 1


@pytest.mark.fault(22)
@pytest.mark.parametrize("posts_only", [False, True])
@pytest.mark.parametrize(("retry_after", "hint"), [(None, None), ("30", 30.0)])
def test_continues_after_the_rate_limit(
    txncheck: TxncheckHarness,
    posts_only: bool,
    retry_after: str | None,
    hint: float | None,
) -> None:
    """Ten a minute is all that is known, not what it counts."""
    limit = CallLimit(
        calls=1, seconds=60, posts_only=posts_only, retry_after=retry_after
    )
    txncheck.simulator.behave(rate_limit=limit)
    txncheck.submit()

    with txncheck.expect_error(ProviderThrottled) as caught:
        txncheck.submit()
    txncheck.simulator.clock.advance(61)

    assert retry_hint(caught.value) == hint
    assert txncheck.submit()
    assert txncheck.accepted_count() == 2


@pytest.mark.parametrize("type_", BODIES)
def test_sends_no_invalid_request(txncheck: TxncheckHarness, type_: str) -> None:
    """A request is paid for whether it makes sense or not."""
    with txncheck.expect_error(RequestInvalid):
        txncheck.submit_type(type_, **dict.fromkeys(BODIES[type_], "wrong"))

    assert txncheck.simulator.requests == []


@pytest.mark.parametrize("type_", BODIES)
def test_sends_only_what_the_api_accepts(txncheck: TxncheckHarness, type_: str) -> None:
    """Our rules are at least as strict as theirs, as far as those are known."""
    count = txncheck.provider.validate("a/b.JSON", type_, txncheck.source(type_))
    assert count.rows == 1
    assert txncheck.simulator.requests == []
    assert txncheck.submit_type(type_, unknown="field")


def test_takes_no_batch_for_a_request(txncheck: TxncheckHarness) -> None:
    """The extension tells a batch from a request."""
    with txncheck.expect_error(SourceMisnamed):
        txncheck.provider.validate(
            "batch.csv", "full-check", BytesSource(txncheck.file)
        )
