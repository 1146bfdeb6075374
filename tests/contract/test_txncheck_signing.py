"""TxnCheck: requests that are signed, and what comes of a signature's refusal."""

from collections.abc import Callable, Iterator

import pytest

from functions.core.errors import CredentialsRejected
from functions.core.model import Phase
from functions.providers.transport.http import HttpClient
from functions.providers.txncheck.adapter import Txncheck
from local.simulators.txncheck import Answer
from tests.contract.sources import AtHand
from tests.contract.txncheck_harness import BODIES, SECRET, TxncheckBench
from tests.settings import txncheck_settings

_EXPIRED = Answer.json(
    {"statusCode": 401, "message": "Request timestamp expired", "error": "x"}, 401
)
_FORGED = Answer.json(
    {"statusCode": 401, "message": "Invalid request signature", "error": "x"}, 401
)


def _secret(bench: TxncheckBench, stored: str, *, kept: str | None = None) -> None:
    assert bench.secret is not None
    bench.secret.stored = stored
    bench.secret.kept = stored if kept is None else kept


def _at(bench: TxncheckBench, now: Callable[[], float]) -> Txncheck:
    """Give an adapter whose clock is another one."""
    return Txncheck(
        txncheck_settings(base_url=bench.address, signing=True, loopback=True),
        http=HttpClient(tls=bench.tls, loopback=True),
        key=bench.key,
        signing_secret=bench.secret or bench.key,
        now=now,
    )


@pytest.mark.parametrize("type_", BODIES)
def test_signs_every_request(txncheck_signed: TxncheckBench, type_: str) -> None:
    """The simulator computes the signature over the bytes that it received."""
    bench = txncheck_signed
    reference = bench.ask(type_)
    bench.finish()

    assert bench.provider.check(reference).phase is Phase.FINISHED
    assert bench.document(reference)["status"] == "COMPLETED"
    assert ["x-signature" in seen.headers for seen in bench.simulator.requests] == [
        True
    ] * 3


def test_signs_a_name_in_any_letters(txncheck_signed: TxncheckBench) -> None:
    """What is signed are bytes; letters beyond ASCII have several."""
    assert txncheck_signed.ask("full-check", name='Åsha "Q" é \U0001f600 \\ /')


def test_does_not_ask_for_a_secret_that_it_does_not_need(
    txncheck: TxncheckBench,
) -> None:
    """An account without signing has none, and its secret lacks the field."""

    def missing(_fresh: bool) -> str:
        raise AssertionError

    provider = Txncheck(
        txncheck_settings(base_url=txncheck.address, loopback=True),
        http=HttpClient(tls=txncheck.tls, loopback=True),
        key=txncheck.key,
        signing_secret=missing,
        now=txncheck.now,
    )

    assert provider.submit("our-name", "full-check", AtHand(txncheck.file))


@pytest.mark.fault(20)
@pytest.mark.parametrize("call", ["submit", "check"])
def test_believes_a_refused_signature_after_one_fresh_read(
    txncheck_signed: TxncheckBench, call: str
) -> None:
    """A secret that was read anew and is refused again is wrong."""
    bench = txncheck_signed
    _secret(bench, "another secret")

    with bench.fails(CredentialsRejected):
        if call == "submit":
            bench.submit()
        else:
            bench.provider.check(bench.unknown_ref)

    assert bench.asked(call) == 1
    assert bench.accepted() == 0


@pytest.mark.fault(66)
def test_goes_on_with_a_rotated_secret(txncheck_signed: TxncheckBench) -> None:
    """The kept one is minutes old; the key beside it need not have changed."""
    _secret(txncheck_signed, SECRET, kept="the old secret")

    assert txncheck_signed.submit()
    assert txncheck_signed.asked("submit") == 2
    assert txncheck_signed.accepted() == 1


@pytest.mark.parametrize("call", ["submit", "check"])
def test_signs_once_more_what_came_too_late(
    txncheck_signed: TxncheckBench, call: str
) -> None:
    """A request that was long on its way has carried out nothing."""
    bench = txncheck_signed
    if call == "check":
        reference = bench.submit()
        bench.script(call, _EXPIRED)
        assert bench.provider.check(reference).phase is Phase.QUEUED
    else:
        bench.script(call, _EXPIRED)
        assert bench.submit()

    assert bench.asked(call) == 2
    assert bench.accepted() == 1
    assert bench.key.fresh_reads == 0


def test_signs_with_the_time_of_each_try(txncheck_signed: TxncheckBench) -> None:
    """The same timestamp would be refused again."""
    bench = txncheck_signed
    times: Iterator[float] = iter([bench.now() - 301, *[bench.now()] * 9])

    provider = _at(bench, lambda: next(times))

    assert provider.submit("our-name", "full-check", AtHand(bench.file))
    assert bench.asked("submit") == 2


def test_gives_up_where_the_clocks_differ(txncheck_signed: TxncheckBench) -> None:
    """Whose clock is wrong is for a person to find out; nothing was accepted."""
    bench = txncheck_signed
    provider = _at(bench, lambda: bench.now() - 301)

    with bench.fails(CredentialsRejected):
        provider.submit("our-name", "full-check", AtHand(bench.file))

    assert bench.asked("submit") == 2
    assert bench.accepted() == 0


def test_stays_within_five_minutes(txncheck_signed: TxncheckBench) -> None:
    """A signature is good for as long as is documented."""
    bench = txncheck_signed

    provider = _at(bench, lambda: bench.now() - 299)

    assert provider.submit("our-name", "full-check", AtHand(bench.file))
    assert bench.asked("submit") == 1


@pytest.mark.parametrize(
    ("name", "answer"), [("txncheck_signed", _FORGED), ("txncheck", _EXPIRED)]
)
def test_signs_nothing_once_more_for_another_reason(
    request: pytest.FixtureRequest, name: str, answer: Answer
) -> None:
    """A wrong signature stays wrong, and without signing there is none to renew."""
    bench: TxncheckBench = request.getfixturevalue(name)
    bench.script("submit", answer)

    with bench.fails(CredentialsRejected):
        bench.submit()

    assert bench.asked("submit") == 1
