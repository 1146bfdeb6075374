"""TxnCheck: requests that are signed, and what comes of a signature's refusal."""

from collections.abc import Callable, Iterator

import pytest

from functions.core.errors import CredentialsRejected
from functions.core.model import Phase
from functions.providers.transport.http import HttpClient
from functions.providers.txncheck.adapter import Txncheck, TxncheckSettings
from local.simulators.txncheck import Answer
from tests.contract.sources import BytesSource
from tests.contract.txncheck_harness import BODIES, SIGNING_SECRET, TxncheckHarness

_EXPIRED = Answer.json(
    {"statusCode": 401, "message": "Request timestamp expired", "error": "x"}, 401
)
_FORGED = Answer.json(
    {"statusCode": 401, "message": "Invalid request signature", "error": "x"}, 401
)


def _secret(harness: TxncheckHarness, stored: str, *, kept: str | None = None) -> None:
    assert harness.signing_secret is not None
    harness.signing_secret.stored = stored
    harness.signing_secret.cached = stored if kept is None else kept


def _at(harness: TxncheckHarness, now: Callable[[], float]) -> Txncheck:
    """Give an adapter whose clock is another one."""
    return Txncheck(
        TxncheckSettings(base_url=harness.base_url, signing=True, loopback=True),
        http=HttpClient(tls=harness.tls, loopback=True),
        key=harness.key,
        signing_secret=harness.signing_secret or harness.key,
        now=now,
    )


@pytest.mark.parametrize("type_", BODIES)
def test_signs_every_request(txncheck_signed: TxncheckHarness, type_: str) -> None:
    """The simulator computes the signature over the bytes that it received."""
    harness = txncheck_signed
    reference = harness.submit_type(type_)
    harness.finish()

    assert harness.provider.check(reference).phase is Phase.FINISHED
    assert harness.fetch_document(reference)["status"] == "COMPLETED"
    assert [seen.signed for seen in harness.simulator.requests] == [True] * 3


def test_signs_a_name_in_any_letters(txncheck_signed: TxncheckHarness) -> None:
    """What is signed are bytes; letters beyond ASCII have several."""
    assert txncheck_signed.submit_type("full-check", name='Åsha "Q" é \U0001f600 \\ /')


def test_does_not_ask_for_a_secret_that_it_does_not_need(
    txncheck: TxncheckHarness,
) -> None:
    """An account without signing has none, and its secret lacks the field."""

    def missing(_fresh: bool) -> str:
        raise AssertionError

    provider = Txncheck(
        TxncheckSettings(base_url=txncheck.base_url, loopback=True),
        http=HttpClient(tls=txncheck.tls, loopback=True),
        key=txncheck.key,
        signing_secret=missing,
        now=txncheck.now,
    )

    assert provider.submit("our-name", "full-check", BytesSource(txncheck.file))


@pytest.mark.fault(20)
@pytest.mark.parametrize("call", ["submit", "check"])
def test_believes_a_refused_signature_after_one_fresh_read(
    txncheck_signed: TxncheckHarness, call: str
) -> None:
    """A secret that was read anew and is refused again is wrong."""
    harness = txncheck_signed
    _secret(harness, "another secret")

    with harness.expect_error(CredentialsRejected):
        if call == "submit":
            harness.submit()
        else:
            harness.provider.check(harness.unknown_ref)

    assert harness.request_count(call) == 1
    assert harness.accepted_count() == 0


@pytest.mark.fault(66)
def test_goes_on_with_a_rotated_secret(txncheck_signed: TxncheckHarness) -> None:
    """The kept one is minutes old; the key beside it need not have changed."""
    _secret(txncheck_signed, SIGNING_SECRET, kept="the old secret")

    assert txncheck_signed.submit()
    assert txncheck_signed.request_count("submit") == 2
    assert txncheck_signed.accepted_count() == 1


@pytest.mark.parametrize("call", ["submit", "check"])
def test_signs_once_more_what_came_too_late(
    txncheck_signed: TxncheckHarness, call: str
) -> None:
    """A request that was long on its way has carried out nothing."""
    harness = txncheck_signed
    if call == "check":
        reference = harness.submit()
        harness.script(call, _EXPIRED)
        assert harness.provider.check(reference).phase is Phase.QUEUED
    else:
        harness.script(call, _EXPIRED)
        assert harness.submit()

    assert harness.request_count(call) == 2
    assert harness.accepted_count() == 1
    assert harness.key.fresh_reads == 0


def test_signs_with_the_time_of_each_try(txncheck_signed: TxncheckHarness) -> None:
    """The same timestamp would be refused again."""
    harness = txncheck_signed
    times: Iterator[float] = iter([harness.now() - 301, *[harness.now()] * 9])

    provider = _at(harness, lambda: next(times))

    assert provider.submit("our-name", "full-check", BytesSource(harness.file))
    assert harness.request_count("submit") == 2


def test_gives_up_where_the_clocks_differ(txncheck_signed: TxncheckHarness) -> None:
    """Whose clock is wrong is for a person to find out; nothing was accepted."""
    harness = txncheck_signed
    provider = _at(harness, lambda: harness.now() - 301)

    with harness.expect_error(CredentialsRejected):
        provider.submit("our-name", "full-check", BytesSource(harness.file))

    assert harness.request_count("submit") == 2
    assert harness.accepted_count() == 0


def test_stays_within_five_minutes(txncheck_signed: TxncheckHarness) -> None:
    """A signature is good for as long as is documented."""
    harness = txncheck_signed

    provider = _at(harness, lambda: harness.now() - 299)

    assert provider.submit("our-name", "full-check", BytesSource(harness.file))
    assert harness.request_count("submit") == 1


@pytest.mark.parametrize(
    ("name", "answer"), [("txncheck_signed", _FORGED), ("txncheck", _EXPIRED)]
)
def test_signs_nothing_once_more_for_another_reason(
    request: pytest.FixtureRequest, name: str, answer: Answer
) -> None:
    """A wrong signature stays wrong, and without signing there is none to renew."""
    harness: TxncheckHarness = request.getfixturevalue(name)
    harness.script("submit", answer)

    with harness.expect_error(CredentialsRejected):
        harness.submit()

    assert harness.request_count("submit") == 1
