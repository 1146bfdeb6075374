"""Tables: every row of a file is read once and in order, and none is made up."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    CourierError,
    RequestInvalid,
    SourceMisnamed,
    SourceNotText,
)
from functions.tables.named_rows import NamedRow, read_rows
from tests.contract.memory import memory_limit
from tests.contract.sources import BytesSource


def rows(
    content: bytes,
    name: str = "batch.csv",
    needed: Sequence[str] = ("mobile",),
    optional: Sequence[str] = ("name",),
) -> list[NamedRow]:
    """Read a whole file; check that it is closed, however that ends."""
    source = BytesSource(content)
    try:
        return list(read_rows(name, source, required=needed, optional=optional))
    finally:
        assert all(opened.closed for opened in source.opened)


def fields(content: bytes) -> list[Mapping[str, object]]:
    """Return the fields of each row."""
    return [row.fields for row in rows(content)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"mobile,name\n1,a\n2,b\n", id="plain"),
        pytest.param(b"\xef\xbb\xbfmobile,name\r\n1,a\r\n2,b", id="from Windows"),
        pytest.param(b"mobile,name\r1,a\r2,b\r", id="old line ends"),
        pytest.param(b"\n \n mobile , NAME\n\n 1 , a\n,,\n  \n2,b\n", id="white space"),
        pytest.param(b'Mobile,"Name"\n"1","a"\n"2",b\n', id="quotes"),
        pytest.param(b"other,name,mobile\nx,a,1\n,b,2\n", id="another order"),
        pytest.param(b"mobile,name\n1,a,,\n2,b,\n", id="empty cells behind"),
        pytest.param(b'name,note,mobile\na,"x\ny",1\nb,,2\n', id="a line break quoted"),
    ],
)
def test_reads_a_table_in_any_style(content: bytes) -> None:
    """Spreadsheets differ in everything that means nothing."""
    assert fields(content) == [
        {"mobile": "1", "name": "a"},
        {"mobile": "2", "name": "b"},
    ]


def test_leaves_out_cells_that_are_empty_or_missing() -> None:
    """An empty cell is not a name."""
    assert fields(b"mobile,name\n1,\n2\n,c\n") == [
        {"mobile": "1"},
        {"mobile": "2"},
        {"name": "c"},
    ]


def test_refuses_a_row_that_is_longer_than_the_header() -> None:
    """Half of a name with a comma in it is another person's name."""
    assert [row.error for row in rows(b"mobile,name\n1,Rao, Asha\n2,b\n")] == [
        "has more cells than the header",
        "",
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n , ,\n", b"mobile"])
def test_reads_no_rows_from_a_file_without_any(content: bytes) -> None:
    """Whether that is an error is for the caller to decide."""
    assert rows(content) == []


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"phone,name\n1,a\n", RequestInvalid, id="no column"),
        pytest.param(b"+919000000001\n", RequestInvalid, id="no header"),
        pytest.param(b"mobile,Mobile\n1,2\n", RequestInvalid, id="a column twice"),
        pytest.param(b"mobile\n1\xff\n", SourceNotText, id="not UTF-8"),
        pytest.param(b"mobile\n1\xc3", SourceNotText, id="cut within a letter"),
        pytest.param("mobile\n1\n".encode("utf-16-le"), SourceNotText, id="UTF-16"),
        pytest.param(b"PK\x03\x04\xff\xfe", SourceNotText, id="a workbook"),
        pytest.param(b"mobile\n" + b"1" * 70_000, SourceNotText, id="a long line"),
        pytest.param(b'mobile\n"1\n2\n3\n', SourceNotText, id="an open quote"),
        pytest.param(b'mobile\n"1"2\n3\n', SourceNotText, id="a quote too early"),
        pytest.param(
            b'mobile\n"' + b"1\n" * 90_000, SourceNotText, id="an open quote, long"
        ),
    ],
)
def test_refuses_what_is_no_table(content: bytes, error: type[CourierError]) -> None:
    """An open quote would make one row of everything after it."""
    with pytest.raises(error) as caught:
        rows(content)

    assert caught.type is error
    assert "9000000001" not in str(caught.value)


def test_a_refusal_counts_rows_as_answers_do() -> None:
    """The header is no row, wherever the fault is found."""
    far = b"mobile\n" + b"1\n" * 3000 + b"\xff\n"

    for content, row in ((b"mobile\n1\n\n\xff\n", "3 "), (far, "3,001 ")):
        with pytest.raises(SourceNotText, match=f"^record {row}"):
            rows(content)


@pytest.mark.parametrize("name", ["batch.json", "batch.xls", "csv", ""])
def test_reads_no_file_of_another_name(name: str) -> None:
    """A name that says something else is somebody's mistake."""
    with pytest.raises(SourceMisnamed):
        rows(b"mobile\n1\n", name)


def test_reads_json_lines() -> None:
    """Blank lines are no rows; what is not an object is a row with an error."""
    content = (
        b'\xef\xbb\xbf{"mobile":"1"}\r\n\n  \n[1]\n{"a":1,"a":2}\n{\n'
        b'{"x":"\xe2\x80\xa8"}\nnull\n{"b":NaN}'
    )

    bad = "is not one strict JSON object in one line"
    assert rows(content, "b.JSONL") == [
        NamedRow(1, 1, {"mobile": "1"}),
        *(NamedRow(row, row + 2, error=bad) for row in (2, 3, 4)),
        NamedRow(5, 7, {"x": "\u2028"}),
        NamedRow(6, 8, error=bad),
        NamedRow(7, 9, error=bad),
    ]


# A byte order mark before a line is no part of it.
characters = st.characters(
    codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff"
)
cells = st.text(characters, max_size=8)


@given(table=st.lists(st.tuples(cells, cells), max_size=12))
def test_reads_what_was_written_as_csv(table: list[tuple[str, str]]) -> None:
    """Any cell that is quoted as it must be is read unchanged."""
    written = io.StringIO()
    csv.writer(written).writerows([("mobile", "name"), *table])

    expected = [
        {
            name: cell.strip()
            for name, cell in zip(("mobile", "name"), row, strict=True)
            if cell.strip()
        }
        for row in table
    ]
    assert [row.fields for row in rows(written.getvalue().encode())] == [
        fields for fields in expected if fields
    ]


@given(objects=st.lists(st.dictionaries(cells, cells | st.integers(), max_size=3)))
def test_reads_what_was_written_as_json_lines(
    objects: list[dict[str, object]],
) -> None:
    """Each object is a row, in the order of the lines."""
    content = "\n".join(map(json.dumps, objects)).encode()

    assert [row.fields for row in rows(content, "b.jsonl")] == objects


@pytest.mark.fault(10)
@given(content=st.binary(max_size=200), name=st.sampled_from(["b.csv", "b.jsonl"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    """Every refusal has a name and advice; a traceback has neither."""
    for start in (b"", b"mobile,name\n"):
        try:
            read = rows(start + content, name)
        except CourierError:
            continue
        assert len(read) <= len(content) + 2


@pytest.mark.fault(8)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_has_a_part_of_a_file_in_memory(ending: str) -> None:
    """A batch has as many rows as somebody has customers."""
    name = b"n" * 150
    row = b"+919000000001,%b\n" % name
    if ending == "jsonl":
        row = b'{"mobile": "+919000000001", "name": "%b"}\n' % name
    source = BytesSource(b"mobile,name\n" * (ending == "csv") + row * 20_000)
    with memory_limit(len(source.data) + 1_000_000):
        count = sum(
            1
            for _row in read_rows(
                f"b.{ending}", source, required=["mobile"], optional=["name"]
            )
        )

    assert count == 20_000


@pytest.mark.fault(8)
def test_has_no_longer_line_in_memory_than_a_row() -> None:
    """A file of one line can have any size."""
    source = BytesSource(b"mobile\n" + b"1" * 20_000_000)
    with memory_limit(len(source.data) + 1_000_000), pytest.raises(SourceNotText):
        list(read_rows("b.csv", source, required=["mobile"], optional=[]))


def test_shows_no_row_in_its_text() -> None:
    """A row is personal data, and what is shown may be logged."""
    (row,) = rows(b"mobile\n+919000000001\n")

    assert "9000000001" not in repr(cast("object", row))
