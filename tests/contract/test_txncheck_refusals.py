"""TxnCheck: what is refused, by whom, and what is told of it."""

import json
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
    Counts,
    RateLimit,
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
def test_calls_a_refusal_by_its_reason(
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


@pytest.mark.fault(85)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("as_list", [False, True])
def test_repeats_nothing_of_what_it_is_told(
    txncheck: TxncheckHarness, status: int, as_list: bool
) -> None:
    """Messages may echo what was asked; `fails` looks for every form of it."""
    told = f"no verdict for {BODIES['full-check']} and {BODIES['vpa-chargeback-check']}"
    said = {"statusCode": status, "message": [told] if as_list else told, "error": told}
    answer = Answer.json(said, status)
    for call in ("submit", "check"):
        txncheck.script(call, answer)

    with txncheck.expect_error(_ON_SUBMIT.get(status, AnswerLost)):
        txncheck.submit()
    with txncheck.expect_error(_ON_CHECK.get(status, ProviderRejected)):
        txncheck.provider.check(txncheck.unknown_ref)


@pytest.mark.fault(23)
def test_submits_later_where_the_api_itself_is_not_there(
    txncheck: TxncheckHarness,
) -> None:
    """A 503 in the API's own form is no acceptance; one from elsewhere proves none."""
    own = {"statusCode": 503, "message": "x", "error": "Service Unavailable"}
    txncheck.script("submit", Answer.json(own, 503))

    with txncheck.expect_error(ProviderUnavailable):
        txncheck.submit()

    assert txncheck.submit()
    assert txncheck.accepted_count() == 1


@pytest.mark.fault(22)
@pytest.mark.parametrize("counts", Counts)
@pytest.mark.parametrize(("retry_after", "hint"), [(None, None), ("30", 30.0)])
def test_goes_on_when_the_rate_limit_is_over(
    txncheck: TxncheckHarness,
    counts: Counts,
    retry_after: str | None,
    hint: float | None,
) -> None:
    """Ten a minute is all that was seen; what it counts is not known."""
    limit = RateLimit(calls=1, seconds=60, counts=counts, retry_after=retry_after)
    txncheck.simulator.behave(rate_limit=limit)
    txncheck.submit()

    with txncheck.expect_error(ProviderThrottled) as caught:
        txncheck.submit()
    txncheck.simulator.clock.advance(61)

    assert retry_hint(caught.value) == hint
    assert txncheck.submit()
    assert txncheck.accepted_count() == 2


@pytest.mark.parametrize("type_", BODIES)
def test_sends_nothing_that_is_not_worth_it(
    txncheck: TxncheckHarness, type_: str
) -> None:
    """A request is paid whether it makes sense or not."""
    with txncheck.expect_error(RequestInvalid):
        txncheck.submit_type(type_, **dict.fromkeys(BODIES[type_], "wrong"))

    assert txncheck.simulator.requests == []


@pytest.mark.parametrize("type_", BODIES)
def test_is_refused_nothing_that_it_thinks_worth_it(
    txncheck: TxncheckHarness, type_: str
) -> None:
    """Our rules may not be laxer than theirs, as far as theirs are known."""
    assert txncheck.provider.validate("a/b.JSON", type_, BytesSource(_file(type_))) == 1
    assert txncheck.simulator.requests == []
    assert txncheck.submit_type(type_, unknown="field")


def test_takes_no_batch_for_a_request(txncheck: TxncheckHarness) -> None:
    """The two ways in are told apart by the name's ending."""
    with txncheck.expect_error(SourceMisnamed):
        txncheck.provider.validate(
            "batch.csv", "full-check", BytesSource(txncheck.file)
        )


def _file(type_: str) -> bytes:
    return json.dumps(BODIES[type_]).encode()
