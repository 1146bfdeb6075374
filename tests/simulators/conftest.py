"""Simulators and clients, new for each test."""

import threading
from collections.abc import Iterator

import pytest

from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.simulators.api_client import KEY, IpqsClient, TxncheckClient
from tests.simulators.webhook_listener import WEBHOOK_SECRET, WebhookListener


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """A simulator that leaks threads would hang the processes that embed it."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


@pytest.fixture
def ipqs(_no_thread_is_left: None) -> Iterator[IpqsSimulator]:
    """Yield a simulator whose clock passes only by `advance`."""
    with IpqsSimulator.started(api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def client(ipqs: IpqsSimulator) -> Iterator[IpqsClient]:
    """Yield a client of IPQS with the key."""
    client = IpqsClient(ipqs)
    yield client
    client.session.close()


@pytest.fixture
def txncheck(_no_thread_is_left: None) -> Iterator[TxncheckSimulator]:
    """Yield a simulator whose clock passes only by `advance`."""
    with TxncheckSimulator.started(
        api_key=KEY, webhook_secret=WEBHOOK_SECRET
    ) as simulator:
        yield simulator


@pytest.fixture
def caller(txncheck: TxncheckSimulator) -> Iterator[TxncheckClient]:
    """Yield a client of TxnCheck with the key."""
    client = TxncheckClient(txncheck)
    yield client
    client.session.close()


@pytest.fixture
def receiver(txncheck: TxncheckSimulator) -> Iterator[WebhookListener]:
    """Yield the server that the simulator's webhooks go to."""
    with WebhookListener.listening() as receiver:
        txncheck.webhook_url = receiver.url
        yield receiver
