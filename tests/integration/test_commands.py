"""The commands of the local stack: the demo, up and down."""

import hashlib
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from local import assembly, demo, sample

_ROOT = Path(__file__).parents[2]


def test_the_demo_succeeds(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the first command of a new user, who has no CDK, and rows to keep."""
    monkeypatch.setattr(assembly, "has_cdk", lambda: False)
    monkeypatch.chdir(tmp_path)
    Path("my.csv").write_bytes(sample.customers(100))

    code = demo.main(["--file", "my.csv"])

    shown = capsys.readouterr().out
    assert code == 0
    for kind in ("all", "bad", "clean", "pristine"):
        assert f"{kind}.csv" in shown
    assert "✓ Following the job" in shown
    assert '"outcome": "succeeded"' in shown
    rows, end = shown.split("The first rows of joined.csv")[1].split("A simulator")
    assert "K-10000" in rows
    assert "invented the verdicts" in end
    assert "the manifest says complete" in end
    (folder,) = Path("out").iterdir()
    assert f"kept in {folder}/" in shown
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        content = (folder / Path(file["key"]).name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_the_demo_of_webhooks_prints_the_saved_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other provider's job ends early, with partial results; it needs no CDK."""
    monkeypatch.setattr(assembly, "has_cdk", lambda: False)

    code = demo.main(["--provider", "txncheck"])

    shown = capsys.readouterr().out
    assert code == 0
    assert '"outcome": "partial"' in shown
    assert "A webhook ended the wait" in shown
    assert "✓ Building the functions" in shown


def test_the_demo_explains_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty file is the user's mistake, which takes one line to explain."""
    monkeypatch.setattr(assembly, "has_cdk", lambda: False)
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
        shown = Shown(running.stdout.fileno())
        shown.read_until(b"Uploaded")
        children = [os.pidfd_open(process) for process in _descendants(running.pid)]
        os.killpg(running.pid, signal.SIGINT)
        _, notes = running.communicate()

    shown.assert_no_silence()
    assert running.returncode == 130
    assert notes == "Interrupted. The stack has ended, and its job with it.\n"
    assert children
    for process in children:
        assert select.select([process], [], [], 10)[0], "a process is left"
        os.close(process)


def test_a_stack_runs_until_it_is_stopped() -> None:
    """`make up` prints addresses to work with; `make down` stops all processes."""
    _up("down")

    shown = _up_in_a_terminal()
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
    with urlopen(console, timeout=30) as response:  # noqa: S310 - our own server
        assert b"Verdict Courier" in response.read()
    with urlopen(f"{console}data", timeout=30) as response:  # noqa: S310 - the same
        data = json.load(response)
    ended = _up("down")

    assert "The stack is ready." in record.with_name("stack.log").read_text()
    assert "succeeded" in submitted.stdout
    assert (data["stack"], data["error"]) == ("the local stack", None)
    assert "http://localhost:" in shown
    assert "InboxBucket" in shown
    with pytest.raises(URLError):
        urlopen(console, timeout=30)  # noqa: S310 - the same
    assert ended == "The local stack has ended.\n"
    assert _up("down") == "No local stack is running.\n"


def _up_in_a_terminal() -> str:
    reading, writing = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "local.up", "up"],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": "", "TERM": "xterm", "COLUMNS": "200"},
        stdout=writing,
        start_new_session=True,
    ) as running:
        os.close(writing)
        shown = Shown(reading)
        shown.read_until(None)
    os.close(reading)
    assert running.returncode == 0
    shown.assert_no_silence()
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown.text.decode())


@dataclass
class Shown:
    """What a command writes to a descriptor, and when."""

    descriptor: int
    text: bytes = b""
    at: list[float] = field(default_factory=lambda: [time.monotonic()])

    def read_until(self, words: bytes | None) -> None:
        """Read until there are some words; without words, all."""
        while words is None or words not in self.text:
            try:
                read = os.read(self.descriptor, 65_536)
            except OSError:  # that of a terminal whose other end is closed
                read = b""
            if not read:
                assert words is None, self.text
                return
            self.text += read
            self.at.append(time.monotonic())

    def assert_no_silence(self) -> None:
        """Assert that there were words at least each 5 seconds, from the start on."""
        silences = [after - before for before, after in pairwise(self.at)]
        assert max(silences) <= 5.0, self.text


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
