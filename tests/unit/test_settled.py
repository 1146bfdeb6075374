"""Settled suites: what is left out of a local run has not changed since it passed."""

from pathlib import Path

import pytest

from tools import settled

INPUTS = ("local", "requirements.lock")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose suites have passed."""
    monkeypatch.setattr(settled, "INPUTS", INPUTS)
    (tmp_path / "local" / "emulator").mkdir(parents=True)
    (tmp_path / "local" / "emulator" / "server.py").write_text("1")
    (tmp_path / "requirements.lock").write_text("a==1")
    assert not is_settled(tmp_path)
    settled.settle(note(tmp_path))
    return tmp_path


def note(root: Path) -> Path:
    """Return where the state of the last run is noted."""
    return root / ".cache" / "settled"


def is_settled(root: Path, **environment: str) -> bool:
    """Ask whether the suites need no other run."""
    return settled.is_settled(root, note(root), environment)


def test_is_left_out_while_nothing_changes(root: Path) -> None:
    """Two minutes of each run test what nobody touches for weeks."""
    compiled = root / "local" / "__pycache__"
    compiled.mkdir()
    (compiled / "server.cpython-311.pyc").touch()

    assert is_settled(root)


@pytest.mark.parametrize("name", ["local/emulator/server.py", "requirements.lock"])
def test_runs_after_a_change(root: Path, name: str) -> None:
    """A change is what a test is for."""
    (root / name).write_text("2")

    assert not is_settled(root)


def test_runs_after_a_file_was_added_or_renamed(root: Path) -> None:
    """Which modules there are is part of the code."""
    server = root / "local" / "emulator" / "server.py"
    server.rename(server.with_name("other.py"))
    assert not is_settled(root)

    (root / "local" / "more.json").touch()
    server.with_name("other.py").rename(server)
    assert not is_settled(root)


def test_runs_always_in_ci(root: Path) -> None:
    """A pull request is judged by all tests."""
    assert not is_settled(root, CI="true")


def test_a_change_during_the_run_is_not_settled(root: Path) -> None:
    """The suites may have read the file before it changed."""
    (root / "requirements.lock").write_text("a==2")
    assert not is_settled(root)
    (root / "requirements.lock").write_text("a==3")
    settled.settle(note(root))

    assert not is_settled(root)


def test_a_run_with_a_fault_settles_nothing(root: Path) -> None:
    """What failed has to pass before it is left out."""
    (root / "requirements.lock").write_text("a==2")
    assert not is_settled(root)

    assert not is_settled(root)


def test_every_input_exists() -> None:
    """A folder that was moved would never change."""
    for name in settled.INPUTS:
        assert (settled.ROOT / name).exists(), name
