"""Desks of the two providers, whose files are in memory."""

from collections.abc import Iterator
from io import BytesIO
from unittest import mock

import pytest

from functions import csv_file, prepare
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.protocol import BatchProvider
from functions.providers.txncheck.adapter import Txncheck
from tests.charges.desk import NOW, Desk
from tests.charges.in_process import KEY, InProcessClient, simulators
from tests.settings import ipqs_settings, txncheck_settings


@pytest.fixture
def ipqs() -> Iterator[Desk]:
    """Yield a desk for lists."""
    in_memory = mock.patch.object(csv_file, "TemporaryFile", BytesIO)
    with in_memory, simulators() as (simulator, _):
        settings = ipqs_settings(base_url=simulator.base_url, credits_per_value=2.0)
        http = InProcessClient(simulator)
        adapter = Ipqs(settings, http=http, key=lambda _: KEY, now=lambda: NOW)
        yield Desk(simulator, adapter, settings)


@pytest.fixture
def txncheck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Yield a desk for requests and batches."""
    monkeypatch.setattr(csv_file, "TemporaryFile", BytesIO)
    with simulators() as (_, simulator):
        settings = txncheck_settings(base_url=simulator.base_url, rate=None)
        adapter: BatchProvider = Txncheck(
            settings,
            http=InProcessClient(simulator),
            key=lambda _: KEY,
            signing_secret=lambda _: "",
            now=lambda: NOW,
        )
        monkeypatch.setattr(prepare, "batch_adapter_for", lambda _: adapter)
        monkeypatch.setattr(prepare, "adapter_for", lambda _: adapter)
        yield Desk(simulator, adapter, settings)
