"""Return whether suites need no other run: nothing that they test has changed since.

The suites of the emulator and of the simulators test what is used here alone. A local
`make test` leaves them out while their code is that of their last run without a fault;
CI runs them always.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTE = ROOT / ".cache" / "settled"
#: What the suites test and run on; `local` uses no more of `functions` than this.
INPUTS = (
    "functions/core",
    "local",
    "requirements.lock",
    "tests/conftest.py",
    "tests/emulator",
    "tests/simulators",
)


def state(root: Path) -> str:
    """Return the hash of the inputs and of the interpreter."""
    hashed = hashlib.sha256(sys.version.encode())
    for path in _files(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        hashed.update(f"\n{path.relative_to(root)} {content}".encode())
    return hashed.hexdigest()


def is_settled(root: Path, note: Path, environment: Mapping[str, str]) -> bool:
    """Return whether the note is about this state, and this is not CI.

    If not, the state is kept for `settle`: what changes while the suites run was not
    tested by them.
    """
    now = state(root)
    if not environment.get("CI") and note.exists() and note.read_text() == now:
        return True
    note.parent.mkdir(exist_ok=True)
    _running(note).write_text(now)
    return False


def settle(note: Path) -> None:
    """Note that the suites that began after `is_settled` have ended without a fault."""
    if _running(note).exists():
        _running(note).replace(note)


def _running(note: Path) -> Path:
    return note.with_suffix(".running")


def _files(root: Path) -> Iterator[Path]:
    for name in INPUTS:
        path = root / name
        yield from (
            [path]
            if path.is_file()
            else sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and file.suffix not in {".pyc", ".pyo"}
            )
        )


def main(arguments: list[str] | None = None) -> int:
    """Ask whether the suites are settled (exit with 0 if so), or note that they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["check", "note"])
    command = parser.parse_args(arguments).command
    if command == "check":
        return 0 if is_settled(ROOT, NOTE, os.environ) else 1
    settle(NOTE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
