"""`make up` says first what to try, and last where the page is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local import up
from local.drill_server import serve_drills
from local.drills import DrillSwitch
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator

_ADDRESSES = {"Endpoint": "http://e/", "InboxBucket": "the-inbox"}
_RECORD = {
    "commands": {"Try": "./courier submit a.csv", "or": "./courier submit b.json"},
    "addresses": _ADDRESSES,
    "console_url": "http://page/",
}


@pytest.fixture
def shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "Shown":
    """Return what prints a stack that runs already."""
    monkeypatch.setattr(up, "RECORD", tmp_path / "stack.json")
    return Shown(monkeypatch, capsys)


class Shown:
    """Runs `make up` while a stack runs."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def lines(self, record: Mapping[str, object]) -> list[str]:
        """Return the lines that are printed of a stack with this record."""
        self._monkeypatch.setattr(up, "running_record", lambda: record)
        assert up._up() == 0
        return self._capsys.readouterr().out.splitlines()


def test_what_to_try_stands_before_the_addresses(shown: Shown) -> None:
    """Nobody who sees the stack for the first time needs its addresses first."""
    first, second, blank, *others = shown.lines(_RECORD)

    assert first.split(maxsplit=1) == ["Try", "./courier submit a.csv"]
    assert second.split(maxsplit=1) == ["or", "./courier submit b.json"]
    assert blank == ""
    assert [line.split()[0] for line in others[:2]] == list(_ADDRESSES)
    assert others[-1] == "http://page/"


def test_a_stack_of_earlier_code_is_shown(shown: Shown) -> None:
    """It has its commands among the addresses, and goes on until `make down`."""
    record = {"addresses": {**_ADDRESSES, "Try": "./courier"}, "console_url": "http://"}

    assert any(line.startswith("Try ") for line in shown.lines(record))


def test_a_drill_is_said_to_be_on_and_since_when(shown: Shown) -> None:
    """Who comes back to a stack may have forgotten it, and wonders at the failures."""
    with (
        IpqsSimulator.started(api_key="k") as ipqs,
        TxncheckSimulator.started(api_key="k") as txncheck,
    ):
        switch = DrillSwitch(ipqs, txncheck)
        began = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
        switch.begin("throttled", now=began.timestamp())
        with serve_drills(switch) as address:
            lines = shown.lines({**_RECORD, "drills_url": address})

    since = f"{began.astimezone():%Y-%m-%d %H:%M:%S}"
    assert (
        f"The drill throttled is on since {since}: the providers fail. "
        "`./courier drill off` ends it."
    ) in lines
    assert lines[-1] == "http://page/"
