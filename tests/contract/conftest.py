"""One simulator for a module, one harness for a test, nothing left behind by any."""

import logging
import ssl
import threading
from collections.abc import Iterator
from typing import TypeVar

import pytest

from functions.providers.transport.connection import verified_tls_context
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.contract.canary import find_leaks
from tests.contract.fake_secret import FakeSecret
from tests.contract.harness import KEY, AdapterHarness
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.txncheck_harness import SIGNING_SECRET, TxncheckHarness

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
) -> Iterator[IpqsHarness]:
    """Give IPQS on the harness; afterwards every scripted answer has been asked for."""
    _simulator.reset()
    harness = IpqsHarness(_simulator, tls=tls)
    yield from _watched(harness, caplog)
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
) -> Iterator[TxncheckHarness]:
    """Give TxnCheck on the harness, to an account without signing."""
    _txncheck.reset()
    yield from _watched(TxncheckHarness(_txncheck, tls=tls), caplog)
    assert _txncheck.unused == 0


@pytest.fixture(scope="module")
def _txncheck_signed() -> Iterator[TxncheckSimulator]:
    with TxncheckSimulator.started(
        api_key=KEY, signing_secret=SIGNING_SECRET
    ) as simulator:
        yield simulator


@pytest.fixture
def txncheck_signed(
    _txncheck_signed: TxncheckSimulator,
    tls: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[TxncheckHarness]:
    """Give TxnCheck on the harness, where every request has to be signed."""
    _txncheck_signed.reset()
    harness = TxncheckHarness(
        _txncheck_signed, tls=tls, secret=FakeSecret(SIGNING_SECRET)
    )
    yield from _watched(harness, caplog)
    assert _txncheck_signed.unused == 0


HARNESSES = ("ipqs", "txncheck", "txncheck_signed")


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest) -> AdapterHarness:
    """Give each provider in turn; the parameter is the name of its own fixture."""
    found: AdapterHarness = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def impatient(harness: AdapterHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls end within a third of a second, whatever the provider does."""
    for deadline in harness.deadlines:
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


def _watched(harness: _B, caplog: pytest.LogCaptureFixture) -> Iterator[_B]:
    with caplog.at_level(logging.DEBUG):
        yield harness
    said = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert find_leaks("\n".join([caplog.text, *said]), harness.secrets) == []
