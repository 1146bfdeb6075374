"""The commands of the local stack: the demo, up and down."""

import json
import os
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from local import demo

_ROOT = Path(__file__).parents[2]


def test_the_demo_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the first command of a new user, and shows the whole main job."""
    code = demo.main([])

    shown = capsys.readouterr().out
    assert code == 0
    for kind in ("all", "bad", "clean", "pristine"):
        assert f"{kind}.csv" in shown
    assert '"outcome": "succeeded"' in shown
    assert "the manifest says complete" in shown


def test_the_demo_of_webhooks_prints_the_saved_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The other provider's job ends early, with partial results."""
    code = demo.main(["--provider", "txncheck"])

    shown = capsys.readouterr().out
    assert code == 0
    assert '"outcome": "partial"' in shown
    assert "A webhook ended the wait" in shown


def test_the_demo_explains_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty file is the user's mistake, which takes one line to explain."""
    empty = tmp_path / "empty.csv"
    empty.touch()

    code = demo.main(["--file", str(empty)])

    assert code == 1
    assert capsys.readouterr().err == (
        "✗ the job failed: SourceEmpty. the file holds nothing. "
        "Upload a file with a request, or with a row besides its header.\n"
    )


def test_ctrl_c_ends_the_demo_and_its_processes() -> None:
    """A terminal sends it to every process of the demo."""
    with subprocess.Popen(
        [sys.executable, "-m", "local.demo"],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert "Uploaded" in running.stdout.readline()
        children = [os.pidfd_open(process) for process in _descendants(running.pid)]
        os.killpg(running.pid, signal.SIGINT)
        _, notes = running.communicate()

    assert running.returncode == 130
    assert notes == "Interrupted. The stack has ended, and its job with it.\n"
    assert children
    for process in children:
        assert select.select([process], [], [], 10)[0], "a process is left"
        os.close(process)


def test_a_stack_runs_until_it_is_stopped() -> None:
    """`make up` prints addresses to work with; `make down` stops all processes."""
    _up("down")

    shown = _up("up")
    record = _ROOT / ".local" / "stack.json"
    for private in (record, record.with_name("stack.log")):
        assert private.stat().st_mode & 0o077 == 0, private
    (_, command) = next(
        line.split(maxsplit=1) for line in shown.splitlines() if line.startswith("Try ")
    )
    submitted = subprocess.run(
        shlex.split(command), cwd=_ROOT, capture_output=True, text=True, check=True
    )
    console = shown.splitlines()[-1]
    with urlopen(console, timeout=10) as response:  # noqa: S310 - our own server
        assert b"Verdict Courier" in response.read()
    with urlopen(f"{console}data", timeout=10) as response:  # noqa: S310 - the same
        data = json.load(response)
    ended = _up("down")

    assert "succeeded" in submitted.stdout
    assert (data["stack"], data["error"]) == ("the local stack", None)
    assert "http://localhost:" in shown
    assert "InboxBucket" in shown
    with pytest.raises(URLError):
        urlopen(console, timeout=10)  # noqa: S310 - the same
    assert ended == "The local stack has ended.\n"
    assert _up("down") == "No local stack is running.\n"


def _up(command: str) -> str:
    process = subprocess.run(
        [sys.executable, "-m", "local.up", command],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": ""},  # it finds the client by itself
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout


def _descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they did."""
    parents = {
        int(status.parent.name): int(status.read_text().rpartition(")")[2].split()[1])
        for status in Path("/proc").glob("[0-9]*/stat")
        if status.exists()
    }
    found = [pid]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]
