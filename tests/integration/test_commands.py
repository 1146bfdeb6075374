"""What a newcomer types: the demo, and the stack that stays."""

import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from local import demo

_ROOT = Path(__file__).parents[2]


def test_the_demo_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    """The first minute with the project shows the whole main job."""
    code = demo.main([])

    shown = capsys.readouterr().out
    assert code == 0
    for kind in ("all", "bad", "clean", "pristine"):
        assert f"{kind}.csv" in shown
    assert '"outcome": "succeeded"' in shown
    assert "the manifest says complete" in shown


def test_the_demo_of_webhooks_says_what_they_spare(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The other provider's job ends with a part of what was asked, and early."""
    code = demo.main(["--provider", "txncheck"])

    shown = capsys.readouterr().out
    assert code == 0
    assert '"outcome": "partial"' in shown
    assert "A webhook ended the wait" in shown


def test_the_demo_says_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's empty file is their mistake, and one line tells them so."""
    empty = tmp_path / "empty.csv"
    empty.touch()

    code = demo.main(["--file", str(empty)])

    assert code == 1
    assert capsys.readouterr().err == (
        "✗ the job failed: SourceEmpty. "
        "Upload a file with a request, or with a row besides its header.\n"
    )


def test_the_demo_needs_a_file_that_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo in the name is told before anything is started."""
    missing = tmp_path / "missing.csv"

    code = demo.main(["--file", str(missing)])

    assert code == 1
    assert capsys.readouterr().err == (
        f"✗ cannot read {missing}: No such file or directory\n"
    )


def test_a_stack_stays_until_it_is_ended() -> None:
    """`make up` gives addresses to work with, `make down` takes everything away."""
    _up("down")

    shown = _up("up")
    page = shown.splitlines()[-1]
    with urlopen(page, timeout=10) as answer:  # noqa: S310 - our own server
        assert b"Verdict Courier" in answer.read()
    ended = _up("down")

    assert "http://localhost:" in shown
    assert "InboxBucket" in shown
    with pytest.raises(URLError):
        urlopen(page, timeout=10)  # noqa: S310 - the same
    assert ended == "The local stack has ended.\n"
    assert _up("down") == "No local stack is running.\n"


def _up(command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "local.up", command],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
