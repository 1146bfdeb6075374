"""Lists: exactly the values of an upload are sent, and every record is counted."""

from pathlib import Path

import pytest

from functions.core.errors import (
    CourierError,
    SourceColumnUnclear,
    SourceEmpty,
    SourceNotText,
)
from functions.tables.list_reading import ListReading, ListRecord, Status, read_list
from functions.tables.reader import ReadOptions
from tests.contract.sources import BytesSource

CASES = Path(__file__).parents[1] / "cases"
TYPES = {"e": "email", "p": "phone", "u": "url"}


def read(
    content: bytes,
    type_: str = "email",
    *,
    name: str = "list.csv",
    options: ReadOptions | None = None,
) -> tuple[ListReading, list[ListRecord]]:
    """Read a whole list; check that the file is closed, however that ends."""
    source = BytesSource(content)
    try:
        reading = read_list(source, name, type_, options or ReadOptions())
        return reading, list(reading.records())
    finally:
        assert all(opened.closed for opened in source.opened)


def numbers(reading: ListReading) -> tuple[int, int, int, int]:
    """Return how many records are sent, blank, duplicates and not sent."""
    counts = reading.counts
    return counts.sent, counts.blank, counts.duplicates, counts.not_sent


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("e01-bom-crlf.csv", (12, 0, 0, 0)),
        ("e02-lone-cr.csv", (12, 0, 0, 0)),
        ("e03-utf16le-tabs.csv", (12, 0, 0, 0)),
        ("e04-dos-eof-1a.csv", (12, 0, 0, 0)),
        ("e06-header-hindi.csv", (12, 0, 0, 0)),
        ("e10-excel-trailing-empty-rows.csv", (12, 30, 0, 0)),
        ("e12-semicolon.csv", (12, 0, 0, 0)),
        ("e13-quoted-newline.csv", (12, 0, 0, 0)),
        ("e19-upper.CSV", (12, 0, 0, 0)),
        ("e20-list.txt", (12, 0, 0, 0)),
        ("e27-concatenated-with-boms.csv", (2, 0, 0, 1)),
        ("e38-comment-first.csv", (12, 0, 0, 0)),
        ("u03-host-first.csv", (1, 0, 0, 0)),
    ],
)
def test_sends_the_values_of_a_case(
    case: str, expected: tuple[int, int, int, int]
) -> None:
    """Each is an export that somebody would upload and expect to work."""
    content = (CASES / case).read_bytes()

    reading, records = read(content, TYPES[case[0]], name=case)

    assert numbers(reading) == expected
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    assert sum(expected) == reading.counts.records == len(records)


@pytest.mark.parametrize(
    ("case", "error", "text"),
    [
        ("e05-header-only-hindi.csv", SourceEmpty, "only a header"),
        ("e07-header-digits-only.csv", SourceEmpty, "only a header"),
        ("e09-excel-empty-rows-only.csv", SourceEmpty, "only a header"),
        ("e14-latin1.csv", SourceNotText, r"record 1 \(line 2\): byte 39 .* not UTF-8"),
        ("e18-angle.csv", SourceColumnUnclear, "column 1: 0 of 2 cells fit"),
        ("e22-only-bom.csv", SourceEmpty, "nothing"),
        ("e25-zip-named.csv", SourceNotText, "zip"),
        ("e29-quoted-empty-only.csv", SourceEmpty, "only a header"),
        ("e30-header-paren-only.csv", SourceEmpty, "only a header"),
        ("e31-header-ampersand-only.csv", SourceEmpty, "only a header"),
        ("e32-html.csv", SourceNotText, "HTML"),
        ("p01-scientific.csv", SourceColumnUnclear, "digits are lost"),
    ],
)
def test_refuses_a_case_before_it_is_paid_for(
    case: str, error: type[CourierError], text: str
) -> None:
    """What is wrong is said in the error, which the uploader sees."""
    with pytest.raises(error, match=text):
        read((CASES / case).read_bytes(), TYPES[case[0]], name=case)


def test_a_refused_file_is_read_where_options_allow() -> None:
    """The uploader knows the encoding and the header, and can say so."""
    latin = (CASES / "e14-latin1.csv").read_bytes()
    hosts = (CASES / "u03-host-first.csv").read_bytes()

    reading, records = read(latin, options=ReadOptions(windows_1252=True))
    assert numbers(reading) == (12, 0, 0, 0)
    assert records[0].cells[1] == "José"
    assert reading.table.notes == ("read as Windows-1252",)

    reading, records = read(hosts, "url", options=ReadOptions(header=False))
    assert numbers(reading) == (1, 0, 0, 1)
    assert records[0].reason == "its host has no dot"


def test_a_duplicate_names_the_record_that_is_sent() -> None:
    """It gets that record's verdict; case and white space do not make another value."""
    _, records = read(b"Email\na@b.example\n\n A@B.example\nx\n")

    assert [(r.status, r.duplicate_of, r.value) for r in records] == [
        (Status.SENT, 0, "a@b.example"),
        (Status.BLANK, 0, ""),
        (Status.DUPLICATE, 1, "A@B.example"),
        (Status.NOT_SENT, 0, ""),
    ]
    assert records[3].reason == "it has no @"
