"""A local stack that was killed is not taken for a running one, nor is its process."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from local import up


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place of the record; it names a process that is not a stack."""
    path = tmp_path / "stack.json"
    monkeypatch.setattr("local.up._RECORD", path)
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", path)
    path.write_text(
        json.dumps({"pid": os.getpid(), "api_url": "x", "console_url": "http://c/"})
    )
    return path


@pytest.fixture
def _no_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, number: int) -> NoReturn:
        pytest.fail(f"process {pid} got the signal {number}")

    monkeypatch.setattr("os.kill", kill)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a running stack."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("_no_signal")
@pytest.mark.parametrize("content", [None, "", "{}", "[]"])
def test_another_process_with_the_id_of_the_stack_gets_no_signal(
    record: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    """After a restart of the machine, the id may be that of anything."""
    if content is not None:
        record.write_text(content)

    assert up._down() == 0

    assert capsys.readouterr().out == "No local stack is running.\n"


@pytest.mark.parametrize("verb", ["list", "page"])
def test_a_stack_that_was_killed_is_said_so(
    record: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """Its port answers nothing, or is another program's by now."""
    assert record.exists()

    assert main([verb]) == ExitCode.UNREACHABLE

    assert "start one with `make up`" in capsys.readouterr().err


def test_a_stack_that_runs_is_found(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process holds the lock on the record as long as it lives."""
    with locked(record):
        assert up.running_record() == json.loads(record.read_text())
        assert main(["page"]) == ExitCode.DONE

    assert capsys.readouterr().out == "http://c/\n"
    assert up.running_record() is None


#: Serves a stack of which there is nothing but the record.
_SERVE = """
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import MagicMock
from local import up
up._RECORD = Path(sys.argv[1])
up.running = lambda **_: nullcontext(MagicMock(api_url="http://a"))
up.serve_api_docs = lambda _: nullcontext("http://d")
up._console = lambda _: nullcontext("http://c")
up._addresses = lambda *_: {}
class SaidWait(threading.Event):
    def wait(self, timeout=None):
        print("serving", flush=True)
        return super().wait(timeout)
up.threading.Event = SaidWait
up._serve()
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_lock_ends_with_the_process(
    record: Path, capsys: pytest.CaptureFixture[str], end: signal.Signals
) -> None:
    """However it ends; an orderly end removes the record, too."""
    record.unlink()
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(record)], stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdout is not None
        assert serving.stdout.readline() == "serving\n"
        found = up.running_record()
        assert found is not None
        assert found["pid"] == serving.pid
        assert main(["page"]) == ExitCode.DONE
        serving.send_signal(end)

    assert up.running_record() is None
    assert record.exists() == (end == signal.SIGKILL)
    assert capsys.readouterr().out == "http://c\n"


def test_without_a_record_there_is_no_stack(record: Path) -> None:
    """`make down` removes it."""
    record.unlink()

    assert up.running_record() is None
