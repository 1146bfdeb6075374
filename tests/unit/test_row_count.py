"""Row counts: only lists are paid for, and their rows are counted reliably."""

import io
import zipfile
from itertools import pairwise
from typing import BinaryIO, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.core.errors import (
    CourierError,
    SourceEmpty,
    SourceNotText,
)
from functions.core.rows import RowCount
from functions.tables import row_count
from functions.tables.reader import MAX_CELL
from tests.contract.sources import BytesSource

BOM = b"\xef\xbb\xbf"


def zipped(name: str) -> bytes:
    """Return an archive; a workbook is one as well."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(name, "email\na@example.com\n")
    return archive.getvalue()


class ChunkedSource(BytesSource):
    """A source of which each read returns one chunk."""

    def __init__(self, chunks: list[bytes]) -> None:
        super().__init__(b"".join(chunks))
        self._chunks = [chunk for chunk in chunks if chunk]

    def open(self) -> BinaryIO:
        """See `Source.open`."""
        return cast("BinaryIO", ChunkReader(self._chunks))


class ChunkReader:
    """An open file of which each read returns one chunk."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = iter(chunks)

    def read(self, _size: int) -> bytes:
        """See `Reader.read`."""
        return next(self._chunks, b"")

    def close(self) -> None:
        """See `Reader.close`."""


def count_rows(chunks: list[bytes], type_: str = "email") -> RowCount:
    """Count the rows of a list in chunks."""
    return row_count.count_rows(ChunkedSource(chunks), "list.csv", type_)


def result(chunks: list[bytes]) -> int | type[CourierError]:
    """Return the number of rows, or the error's type."""
    try:
        return count_rows(chunks).rows
    except CourierError as error:
        return type(error)


def cut(content: bytes, places: list[int]) -> list[bytes]:
    """Cut a file into chunks, some of them empty."""
    edges = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[a:b] for a, b in pairwise(edges)]


@pytest.mark.fault(7)
@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(b"email\na@example.com\n", 1, id="header"),
        pytest.param(b"a@example.com\nb@example.com\n", 2, id="no header"),
        pytest.param(b"email\na@example.com", 1, id="no final newline"),
        pytest.param(b"email\r\na@example.com\r\n", 1, id="CRLF"),
        pytest.param(b"email\ra@example.com\r", 1, id="CR"),
        pytest.param(BOM + b"email\na@example.com\n", 1, id="BOM and header"),
        pytest.param(BOM + b"a@example.com", 1, id="BOM and one row"),
        pytest.param(b"\n\n email \n\n\na@example.com\n \n", 1, id="blank lines"),
        pytest.param(b'"email","phone"\n"a@example.com","1"\n', 1, id="quoted header"),
        pytest.param("Téléphone\n+33123456789\n".encode(), 1, id="accented header"),
        pytest.param(b"First name; e-mail\nAnn;a@example.com\n", 1, id="two columns"),
        pytest.param(b"email\na@example.com,1,2\n,\n", 2, id="ragged"),
        pytest.param(b'email\n"two\nlines"\n', 1, id="line break in a cell"),
        pytest.param("email\nå@éxämple.com\n".encode(), 1, id="accents"),
        pytest.param(b"email\n" + b"a" * MAX_CELL, 1, id="the longest line"),
        pytest.param(b"email\n=1+1\n@x\n", 2, id="formulas"),
        pytest.param(b"198.51.100.7\n", 1, id="one number"),
        pytest.param(b"https://example.com/\n", 1, id="one URL"),
    ],
)
def test_rows_are_records_that_are_not_blank(content: bytes, rows: int) -> None:
    """The rule is simple, so that anybody can predict the count."""
    assert count_rows([content]).rows == rows


@pytest.mark.fault(7)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="0 bytes"),
        pytest.param(BOM, id="only a BOM"),
        pytest.param(b" \t\r\n\n\r ", id="white space"),
        pytest.param(b"email", id="header without newline"),
        pytest.param(b"email,first name\r\n\r\n", id="header"),
        pytest.param(BOM + b"email\n", id="BOM and header"),
        pytest.param(b'"email"\n', id="quoted header"),
        pytest.param("Téléphone\n".encode(), id="accented header"),
    ],
)
def test_a_file_without_rows_is_refused(content: bytes) -> None:
    """A provider may charge for the header."""
    with pytest.raises(SourceEmpty):
        count_rows([content])


@pytest.mark.fault(7)
@pytest.mark.fault(9)
@pytest.mark.fault(10)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param("email\na@example.com".encode("utf-16"), id="UTF-16 with BOM"),
        pytest.param("email\na@example.com".encode("utf-16-le"), id="UTF-16"),
        pytest.param(b'email\n"a@example.com\nb@example.com', id="unclosed quote"),
        pytest.param("email\nå@example.com".encode("latin-1"), id="Latin-1"),
        pytest.param(b"email\na@exa\x00mple.com", id="NUL"),
        pytest.param(zipped("list.csv"), id="zip"),
        pytest.param(zipped("xl/workbook.xml"), id="xlsx"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", id="PDF"),
        pytest.param(b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n", id="PDF of text only"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", id="xls"),
        pytest.param(b"\x1f\x8b\x08\x00", id="gzip"),
        pytest.param(b"<!DOCTYPE html>\n<p>Sign in</p>\n", id="page"),
        pytest.param(b'{"email": "a@example.com"}\n', id="JSON"),
        pytest.param(b"email\n" + b"a" * 10_485_760, id="10 MB cell"),
        pytest.param(b"email\na@example.com\xc3", id="cut within a letter"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes) -> None:
    """Each line of a workbook would be billed as a row."""
    with pytest.raises(SourceNotText):
        count_rows([content])


@pytest.mark.fault(10)
@given(
    content=st.binary(max_size=60)
    | st.text("aé@,\"' \t\r\n\ufeff", max_size=60).map(str.encode),
    places=st.lists(st.integers(0, 60), max_size=8),
)
@example(content=BOM + b"email\r\na@b.c", places=[1, 2, 4, 9, 10])
@example(content="é\n".encode(), places=[1])
def test_chunks_do_not_change_the_count(content: bytes, places: list[int]) -> None:
    """Where the network cuts a file is chance."""
    assert result(cut(content, places)) == result([content])


@given(rows=st.lists(st.emails(), min_size=1), ending=st.sampled_from(["\n", "\r\n"]))
def test_each_address_is_a_row(rows: list[str], ending: str) -> None:
    """An address is never taken for a header."""
    content = ending.join(rows).encode()

    assert count_rows([content]).rows == len(rows)
    assert count_rows([b"email" + ending.encode() + content]).rows == len(rows)


@pytest.mark.fault(9)
@given(content=st.binary())
def test_any_bytes_are_counted_or_refused(content: bytes) -> None:
    """Every refusal has a name and advice; a traceback has neither."""
    assert (
        result([content]) in (SourceEmpty, SourceNotText) or count_rows([content]).rows
    )


@pytest.mark.parametrize(
    ("content", "distinct"),
    [
        pytest.param(b"email\na@b\nc@d\na@b\n", 2, id="a duplicate"),
        pytest.param(b"email\na@b\nc@d\n", 2, id="all different"),
        pytest.param(b"a@b\r\n a@b \ra@b", 1, id="ends and spaces do not count"),
        pytest.param(b"a@b\nA@b\n", 2, id="letters of another case do"),
    ],
)
def test_different_rows_are_counted(content: bytes, distinct: int) -> None:
    """Providers remove duplicates: only this number tells them from lost rows."""
    assert count_rows([content]).distinct_rows == distinct


@given(rows=st.lists(st.integers(0, 2000), min_size=1, max_size=400))
def test_every_different_row_is_counted_once(rows: list[int]) -> None:
    """One too many or too few would make a complete result look like another."""
    content = "".join(f"{row}@example.com\n" for row in rows).encode()

    assert count_rows([content]) == RowCount(len(rows), len(set(rows)))


def test_of_a_very_long_list_different_rows_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The function's memory is bounded: the count is left out, never wrong."""
    monkeypatch.setattr(row_count, "MAX_COMPARED_ROWS", 3)

    assert count_rows([b"1\n2\n3\n"]) == RowCount(3, 3)
    assert count_rows([b"1\n2\n3\n4\n"]) == RowCount(4, 0)
