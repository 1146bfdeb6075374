"""What every test of a simulator starts from."""

import threading
from collections.abc import Iterator

import pytest

from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.simulators import api_client as merchants
from tests.simulators.api_client import Doorbell, Merchant
from tests.simulators.client import KEY, Client


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """A simulator that leaks threads would hang the processes that embed it."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


@pytest.fixture
def ipqs(_no_thread_is_left: None) -> Iterator[IpqsSimulator]:
    """A simulator of the test's own, whose clock stands still."""
    with IpqsSimulator.started(api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def client(ipqs: IpqsSimulator) -> Iterator[Client]:
    """A client with the key."""
    client = Client(ipqs)
    yield client
    client.session.close()


@pytest.fixture
def txncheck(_no_thread_is_left: None) -> Iterator[TxncheckSimulator]:
    """A simulator of the test's own, whose clock stands still."""
    with TxncheckSimulator.started(
        api_key=merchants.KEY, webhook_secret=merchants.WEBHOOK_SECRET
    ) as simulator:
        yield simulator


@pytest.fixture
def merchant(txncheck: TxncheckSimulator) -> Iterator[Merchant]:
    """A client with the key."""
    merchant = Merchant(txncheck)
    yield merchant
    merchant.session.close()


@pytest.fixture
def doorbell(txncheck: TxncheckSimulator) -> Iterator[Doorbell]:
    """Where the webhooks of the test's simulator go."""
    with Doorbell.hung() as doorbell:
        txncheck.webhook_url = doorbell.url
        yield doorbell
