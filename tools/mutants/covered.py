"""Covered: keep which lines of the modules each test runs, until the test changes."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a test without a mutant; `lines` are those it ran, by module."""

    nodeid: str
    passes: bool
    seconds: float
    lines: dict[str, list[int]]


@dataclass(frozen=True)
class RunStore:
    """The runs of each test file, in a folder that all processes share.

    They are found by the content of the test file and of the modules. What else changes
    can only lower the score: a test that runs a line only since then is not tried.
    """

    folder: Path
    modules: Sequence[str]
    #: Where each test file's runs are: by its content when the process first asked.
    _paths: dict[Path, Path] = field(default_factory=dict)

    def read(self, test_file: Path) -> list[Run] | None:
        """Return the runs of a test file; None where they are not measured."""
        try:
            runs = json.loads(self._path(test_file).read_text())
        except FileNotFoundError:
            return None
        return [Run(**run) for run in runs]

    def write(self, test_file: Path, runs: Iterable[Run]) -> None:
        """Keep the runs of a test file."""
        path = self._path(test_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps([asdict(run) for run in runs]))
        part.replace(path)

    def _path(self, test_file: Path) -> Path:
        if test_file not in self._paths:
            content = hashlib.sha256(test_file.read_bytes() + self._code).hexdigest()
            name = f"{test_file.stem}-{content[:20]}.json"
            self._paths[test_file] = self.folder / name
        return self._paths[test_file]

    @cached_property
    def _code(self) -> bytes:
        code = hashlib.sha256()
        for module in self.modules:
            code.update(Path(module).read_bytes())
        return code.digest()
