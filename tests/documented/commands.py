"""Find the commands in the documents that people read, as they would copy them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "events" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
#: The programs whose commands are recognized within a sentence.
PROGRAMS = ("./courier", "aws", "courier", "curl", "make", "pip", "pre-commit", "sam")
_BLOCK = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```$")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")


@dataclass(frozen=True, kw_only=True)
class DocumentedCommand:
    """One command of a document, in words; `is_whole` is false within a sentence."""

    place: str
    words: tuple[str, ...]
    is_whole: bool

    def __str__(self) -> str:
        """Return the command with its place, as pytest's id."""
        return f"{self.place}: {shlex.join(self.words)}"


def documented() -> list[DocumentedCommand]:
    """Return every command of the documents, in their order."""
    return [
        command
        for path in DOCUMENTS
        for command in commands_of(
            path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
        )
    ]


def commands_of(name: str, text: str) -> Iterator[DocumentedCommand]:
    """Yield the commands of a text: of its blocks `sh` and `console`, and in code."""
    for block in _BLOCK.finditer(text):
        language, content = block.groups()
        lines = content.replace("\\\n", " ").splitlines()
        if language == "console":  # what is behind a prompt is typed
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        elif language != "sh":
            assert not any(line.split()[:1] == [p] for line in lines for p in PROGRAMS)
            continue
        for line in lines:
            if words := shlex.split(line, comments=True):
                yield _command(name, words, is_whole=True)
    for code in re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text)):
        inner = re.fullmatch(r'eval "\$\((.+)\)"', code)
        words = (inner[1] if inner else code).replace("…", "").split()
        if next(iter(_without_assignments(words)), "") in PROGRAMS:
            words = shlex.split(" ".join(words))
            yield _command(name, words, is_whole=False)


def _command(name: str, words: list[str], *, is_whole: bool) -> DocumentedCommand:
    kept = tuple(_without_assignments(words))
    return DocumentedCommand(place=name, words=kept, is_whole=is_whole)


def _without_assignments(words: list[str]) -> list[str]:
    """Return the words behind `NAME=value`, which sets a variable of one command."""
    first = next((n for n, w in enumerate(words) if not _ASSIGNMENT.fullmatch(w)), 0)
    return words[first:]
