"""Merging: the rows of all shards in one file, with one header."""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import RowsUnjoinable
from functions.merging import merged

CELL = st.text('a,"é\n ', max_size=4)
ROWS = st.lists(st.tuples(CELL, CELL), max_size=5)


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    """Yield a file in pieces."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def merge(files: Sequence[bytes], size: int = 7) -> bytes:
    """Return files in one, read in pieces of a size."""
    return b"".join(merged([partial(chunks, file, size) for file in files]))


def table(rows: Sequence[Sequence[str]], end: str = "\n") -> bytes:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def rows_of(content: bytes) -> list[tuple[str, ...]]:
    """Return the rows of a CSV."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return [tuple(row) for row in csv.reader(text, strict=True)]


@given(
    header=st.tuples(CELL, CELL),
    parts=st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 40),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_every_row_is_there_once_and_the_header_once(
    header: tuple[str, str],
    parts: list[tuple[list[tuple[str, str]], bool]],
    end: str,
    size: int,
    mark: str,
) -> None:
    """Cells may have line breaks; the last line of a file may lack its own."""
    files = []
    for rows, ends in parts:
        content = mark.encode() + table([header, *rows], end)
        files.append(content if ends else content.removesuffix(end.encode()))

    content = merge(files, size)

    assert rows_of(content) == [header, *(row for rows, _ in parts for row in rows)]
    assert content.startswith(files[0])


def test_columns_of_different_headers_are_put_together_by_name() -> None:
    """A provider may add a column between two uploads."""
    files = [b"Email,Valid\na@b.c,true\n", b"Valid,Score,Email\nfalse,7,d@e.f\n\n"]

    assert merge(files) == b"Email,Valid,Score\na@b.c,true,\nd@e.f,false,7\n"


def test_columns_of_one_name_stay_apart() -> None:
    """The second of one file belongs to the second of the other."""
    files = [b"x,x\n1,2\n", b"x,y,x\n3,4,5\n"]

    assert merge(files) == b"x,x,y\n1,2,\n3,5,4\n"


@pytest.mark.parametrize("broken", [b"b\n1,2\n", b'b\n"1'])
def test_what_is_no_table_is_not_merged_with_other_headers(broken: bytes) -> None:
    """A cell would be in the wrong column."""
    with pytest.raises(RowsUnjoinable):
        merge([b"a\n1\n", broken])
