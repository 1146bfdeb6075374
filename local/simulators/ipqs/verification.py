"""Invent verdicts for the rows of an upload, always the same for the same value.

* A line is a record unless it is blank; quoted line breaks are not supported.
* The first line is a header if one of its cells names the value of the type
  ("email", "Email Address", "ip"). That column has the values, otherwise the first.
* A value that cannot be of its type (an e-mail address without @) is invalid, and
  bad. Of records with equal values only the first one is returned.
* pristine is a part of clean; clean and bad together are all, in upload order.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

KINDS = ("pristine", "clean", "bad", "all")
_FILES = {
    "bad": ("bad", "all"),
    "clean": ("clean", "all"),
    "pristine": ("pristine", "clean", "all"),
}
#: For each type, the column of the value, and characters of which a value has one.
_VALUES = {
    "email": ("Email Address", "@"),
    "proxy": ("IP Address", ".:"),
    "url": ("URL", "."),
    "phone": ("Phone Number", "0123456789"),
    "leaked_email": ("Email Address", "@"),
    "leaked_password": ("Password", ""),
    "leaked_username": ("Username", ""),
}
_FLAGS = ("Recent Abuse", "Valid", "Disposable", "Honeypot", "Spam Trap Score")
#: Those of email are all that were seen [T]; the others are invented.
COLUMNS: dict[str, tuple[str, ...]] = {
    type_: ("Date", own, *(_FLAGS if type_ == "email" else _FLAGS[:2]))
    for type_, (own, _characters) in _VALUES.items()
}
_LONGEST_LINE = 64 * 1024
_BAD_BELOW, _PRISTINE_BELOW = 0x40, 0x80  # of the first byte of the hash


@dataclass(frozen=True, slots=True)
class Verified:
    """The results of an upload: numbers of records, and a file for each kind."""

    rows: int  # records of the upload, without its header
    invalid: int
    counts: dict[str, int]  # records in each file
    files: dict[str, Path]


def verdict(value: str) -> str:
    """Return bad for a quarter of the values, pristine for one, else clean."""
    first = hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()[0]
    if first < _BAD_BELOW:
        return "bad"
    return "pristine" if first < _PRISTINE_BELOW else "clean"


def values(type_: str, upload: Path) -> Iterator[str]:
    """Yield the value of each record, without the header."""
    own = _VALUES[type_][0]
    names = {_letters(type_.removeprefix("leaked_")), _letters(own)}
    names.add(_letters(own.split()[0]))
    column = 0
    for number, line in enumerate(_lines(upload)):
        cells = next(csv.reader([line])) if '"' in line else line.split(",")
        named = [at for at, cell in enumerate(cells) if _letters(cell) in names]
        if number == 0 and named:
            column = named[0]
            continue
        yield cells[column].strip() if column < len(cells) else ""


def verify(
    type_: str,
    upload: Path,
    folder: Path,
    *,
    columns: tuple[str, ...],
    date: str,
    removes_duplicates: bool,
    cancelled: Callable[[], bool],
) -> Verified:
    """Write the result files; the memory used is one hash for each value."""
    files = {kind: folder / f"{kind}.csv" for kind in KINDS}
    counts = dict.fromkeys(KINDS, 0)
    own_column, characters = _VALUES[type_]
    earlier: set[bytes] = set()
    rows = invalid = 0
    with ExitStack() as stack:
        writers = {}
        for kind, path in files.items():
            file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            writers[kind] = csv.writer(file, lineterminator="\n")
            writers[kind].writerow(columns)
        for value in values(type_, upload):
            rows += 1
            if rows % 1000 == 0 and cancelled():
                break
            possible = bool(value and (not characters or {*characters} & {*value}))
            invalid += not possible
            encoded = value.encode("utf-8", "surrogatepass")
            digest = hashlib.blake2b(encoded, digest_size=8).digest()
            if removes_duplicates and digest in earlier:
                continue
            earlier.add(digest)
            value_verdict = verdict(value) if possible else "bad"
            bad = value_verdict == "bad"
            cells = dict.fromkeys(_FLAGS, str(bad).lower())
            cells |= {own_column: value, "Date": date, "Valid": str(not bad).lower()}
            for kind in _FILES[value_verdict]:
                writers[kind].writerow([cells.get(name, "") for name in columns])
                counts[kind] += 1
    return Verified(rows=rows, invalid=invalid, counts=counts, files=files)


def count_lines(path: Path) -> int:
    """Return the number of line ends."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(65536), b""))


def count_values(type_: str, upload: Path) -> int:
    """Return the number of values, by which a file is charged."""
    return sum(1 for _ in values(type_, upload))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _lines(upload: Path) -> Iterator[str]:
    """Yield the lines that are not blank; one that is too long is cut."""
    with upload.open("rb") as file:
        while raw := file.readline(_LONGEST_LINE):
            rest = raw
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(_LONGEST_LINE)
            line = raw.decode("utf-8-sig", "replace").strip("\r\n\0 \t")
            if line:
                yield line
