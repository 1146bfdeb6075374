"""Records file: what the uploader wrote comes back to the byte, equally wide."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import records_file
from functions.core.errors import SourceTooLarge
from functions.records_file import COLUMNS, RecordsFile

#: All that a reader of tables yields: no half of a surrogate pair, no NUL.
_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
_RECORDS = st.lists(st.lists(_CELLS, max_size=4), min_size=1, max_size=6)


def written(records: list[list[str]]) -> bytes:
    """Return the file with some records, each with its number."""
    with RecordsFile() as file:
        for number, cells in enumerate(records, start=1):
            file.add((number, "sent", "", "", ""), cells)
        with file.padded() as padded:
            return padded.content().read()


@given(records=_RECORDS)
def test_cells_come_back_as_they_were(records: list[list[str]]) -> None:
    """Separators, quotes and line breaks of any kind are text in a cell."""
    width = max(map(len, records))

    text = io.StringIO(written(records).decode(), newline="")

    header, *rows = csv.reader(text, strict=True)
    assert header == [*COLUMNS, *(f"c{number}" for number in range(1, width + 1))]
    assert [row[len(COLUMNS) :] for row in rows] == [
        cells + [""] * (width - len(cells)) for cells in records
    ]


def test_every_cell_is_quoted_and_lines_end_alike() -> None:
    """Who reads it has nothing to guess."""
    assert written([["a", "b\r\nc"], [""]]) == (
        b'"record","status","reason","duplicate_of","value","c1","c2"\n'
        b'"1","sent","","","","a","b\r\nc"\n'
        b'"2","sent","","","","",""\n'
    )


def test_one_wide_record_may_not_blow_the_file_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A line of a thousand commas makes gigabytes of two million short records."""
    monkeypatch.setattr(records_file, "_MAX_BYTES", 10_000)

    with pytest.raises(SourceTooLarge, match="has 1000 cells"):
        written([["x"] * 1000, *[["x"]] * 3])
