"""Files of the local stack that have the page's key are for their owner only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from local.stack_record import open_private


@pytest.fixture
def _open_to_all() -> Iterator[None]:
    """Create files with all rights, as a careless user's shell does."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_to_all")
@pytest.mark.parametrize("exists", [False, True])
def test_a_private_file_is_private_from_its_creation(
    tmp_path: Path, exists: bool
) -> None:
    """Another user could read it before its mode is changed, or through an old file."""
    path = tmp_path / "stack.json"
    if exists:
        path.write_text("open to all")
        path.chmod(0o666)

    with open_private(path) as file:
        assert path.stat().st_mode & 0o777 == 0o600
        file.write(b"{}")

    assert path.read_bytes() == b"{}"


def test_a_private_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    """A link that somebody laid there would lead the key elsewhere."""
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "stack.json"
    elsewhere.touch()
    path.symlink_to(elsewhere)

    with open_private(path) as file:
        file.write(b"key")

    assert elsewhere.read_bytes() == b""


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '"x"', "\x00"])
def test_a_record_that_is_broken_is_said_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record: str,
) -> None:
    """After a power cut it may be half of one; a traceback does not say so."""
    path = tmp_path / "stack.json"
    path.write_text(record)
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", path)

    assert main(["list"]) == ExitCode.UNREACHABLE

    assert "is not what `make up` writes" in capsys.readouterr().err
