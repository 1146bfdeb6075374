"""Fixtures: a simulator for each module, a harness for each test, and no leaks."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from functions.providers.transport.connection import verified_tls_context
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.canary import find_leaks
from tests.contract.fake_secret import FakeSecret
from tests.contract.harness import KEY, AdapterHarness
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.txncheck_harness import SIGNING_SECRET, TxncheckHarness

_H = TypeVar("_H", bound=AdapterHarness)

#: The fixtures of all providers. A new provider passes the contract by one more.
HARNESSES = ("ipqs", "txncheck", "txncheck_signed")


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest) -> AdapterHarness:
    """Return the harness of each provider in turn."""
    harness: AdapterHarness = request.getfixturevalue(request.param)
    return harness


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """Return the context that the deployed functions use; loading it takes a while."""
    return verified_tls_context()


@pytest.fixture(scope="module")
def _ipqs() -> Iterator[IpqsSimulator]:
    with IpqsSimulator.started(api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def ipqs(
    _ipqs: IpqsSimulator, tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> Iterator[IpqsHarness]:
    """Return the harness of IPQS."""
    _ipqs.reset()
    yield from _without_leaks(IpqsHarness(_ipqs, tls=tls), caplog)
    assert _ipqs.unused == 0  # every scripted answer was asked for


@pytest.fixture(scope="module")
def _txncheck() -> Iterator[TxncheckSimulator]:
    with TxncheckSimulator.started(api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def txncheck(
    _txncheck: TxncheckSimulator, tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> Iterator[TxncheckHarness]:
    """Return the harness of TxnCheck for an account without signing."""
    _txncheck.reset()
    yield from _without_leaks(TxncheckHarness(_txncheck, tls=tls), caplog)
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
    """Return the harness of TxnCheck for an account whose requests must be signed."""
    _txncheck_signed.reset()
    secret = FakeSecret(SIGNING_SECRET)
    harness = TxncheckHarness(_txncheck_signed, tls=tls, signing_secret=secret)
    yield from _without_leaks(harness, caplog)
    assert _txncheck_signed.unused == 0


@pytest.fixture
def shorten_deadlines(
    harness: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Return what lets every later call of the adapter time out after a second.

    What a test needs before has its usual time, however busy the machine is.
    """

    def shorten() -> None:
        for constant in harness.deadline_constants:
            monkeypatch.setattr(constant, 1.0)

    return shorten


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.name.startswith(("simulator", "ipqs-verification"))
        and "process_request_thread" not in thread.name  # the simulator's
    ]
    assert left == []


def _without_leaks(harness: _H, caplog: pytest.LogCaptureFixture) -> Iterator[_H]:
    """Yield a harness, then check that no log record has one of its secrets."""
    with caplog.at_level(logging.DEBUG):
        yield harness
    records = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert find_leaks("\n".join([caplog.text, *records]), harness.secrets) == []
