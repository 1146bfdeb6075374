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
from typing import Any, NoReturn

import pytest
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from local import stack_record, up


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place of the record; it names a process that is not a stack."""
    path = tmp_path / "stack.json"
    monkeypatch.setattr("local.stack_record.RECORD", path)
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
        assert stack_record.running_record() == json.loads(record.read_text())
        assert main(["page"]) == ExitCode.DONE

    assert capsys.readouterr().out == "http://c/\n"
    assert stack_record.running_record() is None


#: Serves a stack of which there is nothing but the record.
_SERVE = """
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import MagicMock
from local import serving, stack_record
stack_record.RECORD = Path(sys.argv[1])
serving.running = lambda **_: nullcontext(MagicMock(api_url="http://a"))
serving.serve_api_docs = lambda _: nullcontext("http://d")
serving._console = lambda _: nullcontext("http://c")
serving._addresses = serving._commands_to_try = lambda *_: {}
sys.exit(serving.main())
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
        assert serving.stdout.read() == ""  # which it closes when it is ready
        found = stack_record.running_record()
        assert found is not None
        assert found["pid"] == serving.pid
        assert main(["page"]) == ExitCode.DONE
        serving.send_signal(end)

    assert stack_record.running_record() is None
    assert record.exists() == (end == signal.SIGKILL)
    assert capsys.readouterr().out == "http://c\n"


#: A stack that gets as far as its second phase, and then does what the test wants.
_STARTS = """
import sys, time
print("Synthesizing", "", sep="\\t", flush=True)
print("Deploying", "7 of 9", sep="\\t", flush=True)
{then}
"""


def test_a_stack_that_does_not_start_says_where_and_why(
    record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its log was empty, and the sentence named only the log."""
    record.unlink()
    then = "sys.exit('\\n'.join(['line'] * 50 + ['[Queue] is refused']))"
    _serve_instead(monkeypatch, record, _STARTS.format(then=then))

    assert up._up() == 1

    shown = capsys.readouterr().out
    assert "✓ Synthesizing" in shown
    assert "✗ Deploying" in shown
    assert shown.splitlines()[-1] == "  [Queue] is refused"
    assert str(record.with_name("stack.log")) in shown


def test_ctrl_c_leaves_no_stack_that_still_starts(
    record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be found running, or half of it, by the next command."""
    record.unlink()
    started: list[subprocess.Popen[str]] = []

    def interrupted(_self: object, phase: str, _detail: str = "") -> None:
        if phase == "Deploying":
            raise KeyboardInterrupt

    class Noted(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - its parent's
            super().__init__(*arguments, **options)
            started.append(self)

    _serve_instead(monkeypatch, record, _STARTS.format(then="time.sleep(600)"))
    monkeypatch.setattr("local.phases.Phases.begin", interrupted)
    monkeypatch.setattr("local.up.subprocess.Popen", Noted)
    monkeypatch.setattr("sys.argv", ["up", "up"])

    assert up.main() == 130

    (process,) = started
    assert process.returncode == -signal.SIGTERM
    assert capsys.readouterr().err == "Interrupted.\n"


def _serve_instead(monkeypatch: pytest.MonkeyPatch, record: Path, code: str) -> None:
    monkeypatch.setattr("local.up._SERVING", [sys.executable, "-c", code])
    monkeypatch.setattr("local.up.RECORD", record)
    monkeypatch.setattr("local.up.LOG", record.with_name("stack.log"))


@pytest.mark.parametrize(
    ("then", "code", "last"),
    [
        ("raise DeploymentFailed('S: Queue: refused')", 1, "✗ S: Queue: refused"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 0, "Deploying"),
    ],
    ids=["failure", "signal"],
)
def test_a_start_that_ends_early_has_no_traceback(
    record: Path, then: str, code: int, last: str
) -> None:
    """A traceback would say less than the sentence of who found it."""
    record.unlink()
    running = f"""
import os, signal
from local.deploy import DeploymentFailed
from contextlib import contextmanager
@contextmanager
def starting(**options):
    options["on_progress"]("Deploying", "")
    {then}
    yield
"""
    serve = f"{running}\n{_SERVE}".replace("lambda **_: nullcontext", "starting or ", 1)

    done = subprocess.run(
        [sys.executable, "-c", serve, str(record)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert done.stdout == "Deploying\t\n"
    assert done.stderr.splitlines()[-1].partition(" ")[2] == last
    assert "Traceback" not in done.stderr
    assert not record.exists()


def test_without_a_record_there_is_no_stack(record: Path) -> None:
    """`make down` removes it."""
    record.unlink()

    assert stack_record.running_record() is None
