"""TxnCheck: signed requests, and what follows when a signature is refused."""

from collections.abc import Callable, Iterator

import pytest

from functions.core.errors import CredentialsRejected
from functions.core.model import Phase
from functions.providers.transport.http import HttpClient
from functions.providers.txncheck.adapter import Txncheck
from local.simulators.txncheck import Answer
from tests.contract.sources import BytesSource, submit
from tests.contract.txncheck_harness import BODIES, SIGNING_SECRET, TxncheckHarness
from tests.settings import txncheck_settings

_TIMESTAMP_EXPIRED = Answer.json(
    {"statusCode": 401, "message": "Request timestamp expired", "error": "x"}, 401
)
_SIGNATURE_INVALID = Answer.json(
    {"statusCode": 401, "message": "Invalid request signature", "error": "x"}, 401
)


def _set_secret(
    harness: TxncheckHarness, stored: str, *, cached: str | None = None
) -> None:
    assert harness.signing_secret is not None
    harness.signing_secret.stored = stored
    harness.signing_secret.cached = stored if cached is None else cached


def _adapter_at(harness: TxncheckHarness, now: Callable[[], float]) -> Txncheck:
    """Return an adapter with another clock."""
    return Txncheck(
        txncheck_settings(base_url=harness.base_url, signing=True, loopback=True),
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
    requests = harness.simulator.requests
    assert ["x-signature" in request.headers for request in requests] == [True] * 3


def test_signs_a_name_in_any_letters(txncheck_signed: TxncheckHarness) -> None:
    """Bytes are signed; letters beyond ASCII have several."""
    assert txncheck_signed.submit_type("full-check", name='Åsha "Q" é \U0001f600 \\ /')


def test_reads_no_signing_secret_without_signing(
    txncheck: TxncheckHarness,
) -> None:
    """An account without signing has none."""

    def missing(_fresh: bool) -> str:
        raise AssertionError

    provider = Txncheck(
        txncheck_settings(base_url=txncheck.base_url, loopback=True),
        http=HttpClient(tls=txncheck.tls, loopback=True),
        key=txncheck.key,
        signing_secret=missing,
        now=txncheck.now,
    )

    assert submit(provider, "our-name", "full-check", BytesSource(txncheck.file))


@pytest.mark.fault(20)
@pytest.mark.parametrize("call", ["submit", "check"])
def test_reads_a_refused_secret_anew_once(
    txncheck_signed: TxncheckHarness, call: str
) -> None:
    """A secret that is read anew and refused again is wrong."""
    harness = txncheck_signed
    _set_secret(harness, "another secret")

    with harness.expect_error(CredentialsRejected):
        if call == "submit":
            harness.submit()
        else:
            harness.provider.check(harness.unknown_ref)

    assert harness.request_count(call) == 1
    assert harness.accepted_count() == 0


@pytest.mark.fault(66)
def test_uses_a_rotated_secret(txncheck_signed: TxncheckHarness) -> None:
    """The cached secret is minutes old; the key need not have changed."""
    _set_secret(txncheck_signed, SIGNING_SECRET, cached="the old secret")

    assert txncheck_signed.submit()
    assert txncheck_signed.request_count("submit") == 2
    assert txncheck_signed.accepted_count() == 1


@pytest.mark.parametrize("call", ["submit", "check"])
def test_signs_a_request_anew_that_came_too_late(
    txncheck_signed: TxncheckHarness, call: str
) -> None:
    """A delayed request that was refused changed nothing."""
    harness = txncheck_signed
    if call == "check":
        reference = harness.submit()
        harness.script(call, _TIMESTAMP_EXPIRED)
        assert harness.provider.check(reference).phase is Phase.QUEUED
    else:
        harness.script(call, _TIMESTAMP_EXPIRED)
        assert harness.submit()

    assert harness.request_count(call) == 2
    assert harness.accepted_count() == 1
    assert harness.key.fresh_reads == 0


def test_signs_with_the_time_of_each_attempt(txncheck_signed: TxncheckHarness) -> None:
    """The same timestamp would be refused again."""
    harness = txncheck_signed
    now = harness.now()
    # The first is for a Retry-After, asked before anything is sent.
    times: Iterator[float] = iter([now, now - 301, *[now] * 9])

    provider = _adapter_at(harness, lambda: next(times))

    assert submit(provider, "our-name", "full-check", BytesSource(harness.file))
    assert harness.request_count("submit") == 2


def test_raises_rejected_where_the_clocks_differ(
    txncheck_signed: TxncheckHarness,
) -> None:
    """A person has to find out whose clock is wrong; nothing was accepted."""
    harness = txncheck_signed
    provider = _adapter_at(harness, lambda: harness.now() - 301)

    with harness.expect_error(CredentialsRejected):
        submit(provider, "our-name", "full-check", BytesSource(harness.file))

    assert harness.request_count("submit") == 2
    assert harness.accepted_count() == 0


def test_signs_for_five_minutes(txncheck_signed: TxncheckHarness) -> None:
    """A signature is valid for as long as documented."""
    harness = txncheck_signed

    provider = _adapter_at(harness, lambda: harness.now() - 299)

    assert submit(provider, "our-name", "full-check", BytesSource(harness.file))
    assert harness.request_count("submit") == 1


@pytest.mark.parametrize(
    ("name", "answer"),
    [("txncheck_signed", _SIGNATURE_INVALID), ("txncheck", _TIMESTAMP_EXPIRED)],
)
def test_signs_nothing_anew_for_another_reason(
    request: pytest.FixtureRequest, name: str, answer: Answer
) -> None:
    """A wrong signature stays wrong, and without signing there is none to renew."""
    harness: TxncheckHarness = request.getfixturevalue(name)
    harness.script("submit", answer)

    with harness.expect_error(CredentialsRejected):
        harness.submit()

    assert harness.request_count("submit") == 1
