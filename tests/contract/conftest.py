"""One simulator for a module, one bench for a test, nothing left behind by any."""

import logging
import ssl
import threading
from collections.abc import Iterator
from typing import TypeVar

import pytest

from functions.providers.transport.connection import verified_tls_context
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.contract.canary import leaked
from tests.contract.fake_secret import Keyring
from tests.contract.harness import KEY, AdapterHarness
from tests.contract.ipqs_harness import IpqsBench
from tests.contract.txncheck_harness import SECRET, TxncheckBench

_B = TypeVar("_B", bound=AdapterHarness)


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """Give the context that the deployed functions use; loading it takes a while."""
    return verified_tls_context()


@pytest.fixture(scope="module")
def _simulator() -> Iterator[IpqsSimulator]:
    with IpqsSimulator.started(api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def ipqs(
    _simulator: IpqsSimulator,
    tls: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[IpqsBench]:
    """Give IPQS on the bench; afterwards every scripted answer has been asked for."""
    _simulator.reset()
    bench = IpqsBench(_simulator, tls=tls)
    yield from _watched(bench, caplog)
    assert _simulator.unused == 0


@pytest.fixture(scope="module")
def _txncheck() -> Iterator[TxncheckSimulator]:
    with TxncheckSimulator.started(api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def txncheck(
    _txncheck: TxncheckSimulator,
    tls: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[TxncheckBench]:
    """Give TxnCheck on the bench, to an account without signing."""
    _txncheck.reset()
    yield from _watched(TxncheckBench(_txncheck, tls=tls), caplog)
    assert _txncheck.unused == 0


@pytest.fixture(scope="module")
def _txncheck_signed() -> Iterator[TxncheckSimulator]:
    with TxncheckSimulator.started(api_key=KEY, signing_secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def txncheck_signed(
    _txncheck_signed: TxncheckSimulator,
    tls: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[TxncheckBench]:
    """Give TxnCheck on the bench, where every request has to be signed."""
    _txncheck_signed.reset()
    bench = TxncheckBench(_txncheck_signed, tls=tls, secret=Keyring(SECRET))
    yield from _watched(bench, caplog)
    assert _txncheck_signed.unused == 0


BENCHES = ("ipqs", "txncheck", "txncheck_signed")


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> AdapterHarness:
    """Give each provider in turn; the parameter is the name of its own fixture."""
    found: AdapterHarness = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def impatient(bench: AdapterHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls end within a third of a second, whatever the provider does."""
    for deadline in bench.deadlines:
        monkeypatch.setattr(deadline, 0.3)


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    ours = [
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.name.startswith(("simulator", "ipqs-verification"))
        and "process_request_thread" not in thread.name  # the simulator's
    ]
    assert ours == []


def _watched(bench: _B, caplog: pytest.LogCaptureFixture) -> Iterator[_B]:
    with caplog.at_level(logging.DEBUG):
        yield bench
    said = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert leaked("\n".join([caplog.text, *said]), bench.secrets) == []
