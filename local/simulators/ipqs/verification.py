"""Verification: from the rows of an upload to the files of its verdicts.

Invented, but stable: the verdict is drawn from a hash of the row's value.

* A line is a record; blank lines are none. A quoted line break is not understood.
* The first line is a header if one of its cells names the value of the type, as
  in NAMES; that column holds the values. Otherwise the first column does.
* A value that cannot be of its type (an e-mail address without @) is an invalid
  record: it is counted, and it is bad.
* Of records with equal values only the first one comes back.
* pristine is a part of clean; clean and bad together are all, in the order of
  the upload.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

KINDS = ("pristine", "clean", "bad", "all")
LONGEST_LINE = 64 * 1024
_BAD_BELOW, _PRISTINE_BELOW = 0x40, 0x80  # of the first byte of the hash

NAMES: dict[str, frozenset[str]] = {
    "email": frozenset({"email", "emailaddress", "mail"}),
    "proxy": frozenset({"ip", "ipaddress", "proxy"}),
    "url": frozenset({"url", "domain", "link"}),
    "phone": frozenset({"phone", "phonenumber", "number"}),
    "leaked_email": frozenset({"email", "emailaddress", "mail"}),
    "leaked_password": frozenset({"password"}),
    "leaked_username": frozenset({"username", "user"}),
}
_REQUIRED: dict[str, str] = {
    "email": "@",
    "leaked_email": "@",
    "url": ".",
    "proxy": ".:",
    "phone": "0123456789",
}


class Verdict(IntEnum):
    """How good a record is."""

    BAD = 0
    CLEAN = 1
    PRISTINE = 2


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of an upload: numbers of records, and a file for each kind."""

    rows: int  # records of the upload, without its header
    invalid: int
    counts: dict[str, int]  # records in each file
    files: dict[str, Path]


def verdict(value: str) -> Verdict:
    """A quarter is bad, a quarter pristine, and the other half clean."""
    drawn = hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()[0]
    if drawn < _BAD_BELOW:
        return Verdict.BAD
    return Verdict.PRISTINE if drawn < _PRISTINE_BELOW else Verdict.CLEAN


def is_possible(type_: str, value: str) -> bool:
    """Whether the value can be of the type at all."""
    required = _REQUIRED.get(type_)
    return bool(value) and (required is None or any(c in value for c in required))


def values(type_: str, upload: Path) -> Iterator[str]:
    """The value of each record, with the header found and left out."""
    column = 0
    for number, line in enumerate(_lines(upload)):
        cells = next(csv.reader([line])) if '"' in line else line.split(",")
        if number == 0:
            names = ["".join(filter(str.isalnum, cell)).lower() for cell in cells]
            named = [at for at, name in enumerate(names) if name in NAMES[type_]]
            if named:
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
    """Judge every record and write the files; memory is a hash for each value."""
    files = {kind: folder / f"{kind}.csv" for kind in KINDS}
    counts = dict.fromkeys(KINDS, 0)
    seen: set[int] = set()
    rows = invalid = 0

    with ExitStack() as stack:
        writers = {
            kind: csv.writer(
                stack.enter_context(path.open("w", encoding="utf-8", newline="")),
                lineterminator="\n",
            )
            for kind, path in files.items()
        }
        for writer in writers.values():
            writer.writerow(columns)
        for value in values(type_, upload):
            rows += 1
            if rows % 1000 == 0 and cancelled():
                break
            possible = is_possible(type_, value)
            invalid += not possible
            if removes_duplicates and _again(value, seen):
                continue
            judged = verdict(value) if possible else Verdict.BAD
            row = result_row(columns, value, judged, date=date)
            for kind in kinds_of(judged):
                writers[kind].writerow(row)
                counts[kind] += 1
    return Verified(rows=rows, invalid=invalid, counts=counts, files=files)


def kinds_of(judged: Verdict) -> tuple[str, ...]:
    """The files that a record with this verdict is in."""
    match judged:
        case Verdict.BAD:
            return ("bad", "all")
        case Verdict.CLEAN:
            return ("clean", "all")
        case Verdict.PRISTINE:
            return ("pristine", "clean", "all")


def result_row(
    columns: tuple[str, ...], value: str, judged: Verdict, *, date: str
) -> list[str]:
    """One line of a result, by the names of its columns; unknown ones are empty."""
    bad = judged is Verdict.BAD
    known = {
        "Date": date,
        "Valid": str(not bad).lower(),
        "Disposable": str(bad and len(value) % 2 == 0).lower(),
        "Honeypot": "false",
        "Spam Trap Score": "high" if bad else "none",
        "Line Type": "Wireless",
    }
    flags = {"Recent Abuse", "Proxy", "Phishing", "Malware", "Exposed"}
    known |= dict.fromkeys(flags, str(bad).lower())
    known |= dict.fromkeys({"Fraud Score", "Risk Score"}, "90" if bad else "10")
    own = {"Email Address", "IP Address", "URL", "Phone Number", "Password", "Username"}
    known |= dict.fromkeys(own, value)
    return [known.get(column, "") for column in columns]


def _lines(upload: Path) -> Iterator[str]:
    """The lines that hold something; one that is too long is cut."""
    with upload.open("rb") as file:
        while raw := file.readline(LONGEST_LINE):
            rest = raw
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(LONGEST_LINE)
            line = raw.decode("utf-8-sig", "replace").strip("\r\n\0 \t")
            if line:
                yield line


def _again(value: str, seen: set[int]) -> bool:
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8)
    number = int.from_bytes(digest.digest())
    if number in seen:
        return True
    seen.add(number)
    return False
