"""Tables: however a table was written, its records are read back, or it is refused."""

import codecs
import csv
import io
import re
from dataclasses import dataclass

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from functions.core.errors import SourceMisnamed, SourceNotText
from functions.tables.reader import (
    MAX_CELL,
    MAX_RECORD,
    ReadOptions,
    Record,
    Table,
    open_table,
)
from tests.contract.memory import memory_limit
from tests.contract.sources import BytesSource

OPTIONS = ReadOptions()


def opened(content: bytes, name: str = "table.csv") -> Table:
    """Open a table."""
    return open_table(BytesSource(content), name, OPTIONS)


def read(content: bytes, *, has_header: bool = True) -> list[list[str]]:
    """Return the cells of all records of a table."""
    records = opened(content).records(has_header=has_header)
    return [record.cells for record in records]


@dataclass(frozen=True)
class Writing:
    """How a program writes a table: its dialect, its encoding and its habits."""

    separator: str
    quoting: int
    ending: str
    encoding: str
    has_sep_line: bool
    end: str

    def write(self, table: list[list[str]]) -> bytes:
        """Return the bytes of a table."""
        file = io.StringIO(newline="")
        if self.has_sep_line:
            file.write(f"sep={self.separator}{self.ending}")
        # Some versions of csv leave a line break of another kind without quotes.
        has_breaks = any({"\r", "\n"} & set(cell) for row in table for cell in row)
        writer = csv.writer(
            file,
            delimiter=self.separator,
            quoting=csv.QUOTE_ALL if has_breaks else self.quoting,  # type: ignore[arg-type]  # one of csv's constants
            lineterminator=self.ending,
        )
        writer.writerows(table)
        return (file.getvalue() + self.end).encode(self.encoding)


writings = st.builds(
    Writing,
    separator=st.sampled_from("\t|;,"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    has_sep_line=st.booleans(),
    end=st.sampled_from(["", "", "\x1a", "\x1a\x1a", "\0\0\0"]),
)
#: What Excel writes as "CSV", "CSV UTF-8" and "Unicode text", and pandas by default.
EXCEL = Writing(";", csv.QUOTE_MINIMAL, "\r\n", "utf-8", True, "")
UTF_8_EXCEL = Writing(",", csv.QUOTE_MINIMAL, "\r\n", "utf-8-sig", False, "")
UNICODE_EXCEL = Writing("\t", csv.QUOTE_MINIMAL, "\r\n", "utf-16", False, "")
PANDAS = Writing(",", csv.QUOTE_MINIMAL, "\n", "utf-8", False, "")
NASTY = [["a", "b"], [' "x', "l\r\nl\rl\n"], ["", ""], [" y ", "a, ;|\t'"], ["#", '""']]

# A NUL, 0x1A and a byte order mark are what is left out at the ends of files.
characters = st.characters(codec="utf-8", exclude_characters="\0\x1a\ufeff")
cells = st.text(st.sampled_from("aé@,;|\t\"' \r\n.-#0=") | characters, max_size=6)
words = st.text(st.sampled_from("abcé"), min_size=1, max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Return a header of words and records that are as wide."""
    width = draw(st.integers(2, 5))
    row = st.lists(cells, min_size=width, max_size=width)
    header = st.lists(words, min_size=width, max_size=width)
    return [draw(header), *draw(st.lists(row, max_size=8))]


@given(table=tables(), writing=writings)
@example(table=NASTY, writing=EXCEL)
@example(table=NASTY, writing=UTF_8_EXCEL)
@example(table=NASTY, writing=UNICODE_EXCEL)
@example(table=NASTY, writing=PANDAS)
def test_what_was_written_is_read_back(
    table: list[list[str]], writing: Writing
) -> None:
    """A cell that changes on the way is another person's address, or half of one."""
    assert read(writing.write(table)) == table[1:]


@given(
    column=st.lists(cells, max_size=8).map(lambda column: ["email", *column]),
    writing=writings,
)
def test_a_single_column_is_read_back(column: list[str], writing: Writing) -> None:
    """What separates cells in other tables is text here."""
    rivals = set("\t|;,") - {writing.separator}
    assume(writing.has_sep_line or not rivals & set("".join(column)))

    assert read(writing.write([[cell] for cell in column])) == [
        [cell] for cell in column[1:]
    ]


@given(
    table=st.lists(
        st.lists(st.text("aé@. '-"), min_size=3, max_size=3), min_size=1, max_size=8
    ),
    writing=writings,
)
def test_records_without_a_header_are_read_back(
    table: list[list[str]], writing: Writing
) -> None:
    """The separator is found by the records themselves."""
    assert read(writing.write(table), has_header=False) == table


@given(table=tables(), writing=writings)
def test_numbers_and_lines_are_those_of_the_file(
    table: list[list[str]], writing: Writing
) -> None:
    """An editor goes to the line; the number is what every answer has."""
    content = writing.write(table)
    lines = io.StringIO(content.decode(writing.encoding), newline="").readlines()

    records = list(opened(content).records(has_header=True))

    assert [record.number for record in records] == list(range(1, len(table)))
    for record in records:
        reader = csv.reader(lines[record.line - 1 :], delimiter=writing.separator)
        assert next(reader) == record.cells


@pytest.mark.parametrize(
    ("content", "separator", "records"),
    [
        pytest.param(
            b"a;b\n1,5;2\n3,5;4\n", ";", [["1,5", "2"], ["3,5", "4"]], id="decimals"
        ),
        pytest.param(
            b"a,b\nx;y,2\nx;z,4\n", ",", [["x;y", "2"], ["x;z", "4"]], id="lists"
        ),
        pytest.param(
            b"x;0,5\n1;2,5\n3;4,5\n", ";", [["1", "2,5"], ["3", "4,5"]], id="tie"
        ),
        pytest.param(
            b'a, b\n1, "x, y"\n2, z\n', ",", [["1", "x, y"], ["2", "z"]], id="spaces"
        ),
        pytest.param(b"a,b\n1\n2\n3,4\n", ",", [["1"], ["2"], ["3", "4"]], id="short"),
        pytest.param(
            b"a,b\n1,2,,\n3,4,\n",
            ",",
            [["1", "2", "", ""], ["3", "4", ""]],
            id="empty cells behind",
        ),
        pytest.param(
            b"url\nhttp://a.b/1,2\nhttp://a.b/3,4\n",
            "",
            [["http://a.b/1,2"], ["http://a.b/3,4"]],
            id="commas in URLs",
        ),
        pytest.param(
            b"Members of June\na,b\n1,2\n3,4\n",
            ",",
            [["a", "b"], ["1", "2"], ["3", "4"]],
            id="a title above the header",
        ),
        pytest.param(
            b'# of June,"A"B\n# by A, B and C\na,b\n1,2\n',
            ",",
            [["1", "2"]],
            id="comments",
        ),
        pytest.param(
            b"# ,b\n1,2\n3,4\n", ",", [["1", "2"], ["3", "4"]], id="# and a space"
        ),
        pytest.param(b'# "A"B,"C"D\na,b\n1,2\n', ",", [["1", "2"]], id="quotes in it"),
        pytest.param(b"#x\na@b.c\n", "", [["a@b.c"]], id="# before a word"),
        pytest.param(b"#,b\n1,2\n3,4\n", ",", [["1", "2"], ["3", "4"]], id="# as name"),
        pytest.param(b'"sep=;"\r\na;b\r\n1;2\r\n', ";", [["1", "2"]], id="quoted sep"),
        pytest.param(b"SEP=^\na^b\n1^2\n", "^", [["1", "2"]], id="any sep"),
        pytest.param(b"\n\na,b\n\n1,2\n", ",", [[], ["1", "2"]], id="blank lines"),
        pytest.param(b" , ,\n,,\n", ",", [], id="blank records only"),
    ],
)
def test_finds_the_separator(
    content: bytes, separator: str, records: list[list[str]]
) -> None:
    """A wrong one splits values, which are paid for all the same."""
    table = opened(content)

    assert table.separator == separator
    assert [r.cells for r in table.records(has_header=True)] == records


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"a\n1\n\x1a", "the end-of-file mark or padding was ignored"),
        (b"a\n1\n" + b"\0" * 600_000, "the end-of-file mark or padding was ignored"),
        (b"a\n1\n\x1a\r\n", "the end-of-file mark or padding was ignored"),
        (
            codecs.BOM_UTF8 + b"a\n" + codecs.BOM_UTF8 * 2 + b'"1"\n',
            "byte order marks in the middle of the file were ignored",
        ),
        (b"# c\na\n1\n", "the comment lines before the table were ignored"),
        (b'a,b\n1, "2"\n', "spaces after separators were ignored"),
    ],
)
def test_notes_what_it_leaves_out(content: bytes, note: str) -> None:
    """What comes back must not differ from the upload in silence."""
    table = opened(content)

    (record,) = table.records(has_header=True)

    assert record.cells[0] == "1"
    assert table.notes == (note,)


@pytest.mark.fault(9)
@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"a\n1\n\xe9\n", "record 2 (line 3): byte 5 of", id="Latin-1"),
        pytest.param(b"a\n1\n2\xc3", "record 2 (line 3): byte 6 of", id="cut letter"),
        pytest.param(
            "a\n1\n".encode("utf-16") + b"\x00", "record 2 (line 3): byte 11", id="odd"
        ),
        pytest.param(b"a\n1\n2\x003\n", "record 2 (line 3): it has a NUL", id="NUL"),
        pytest.param(b"a\n\x1a1\n", "record 1 (line 2): it has a NUL or", id="0x1A"),
        pytest.param(
            b'a,b\n1,"2\n3\n', "record 1 (line 2): a cell's quote is", id="open quote"
        ),
        pytest.param(
            b'a,b\n1,2\n1,"2"3\n', "record 2 (line 3): a cell goes on", id="text behind"
        ),
        pytest.param(
            b"a,b\n" + b"1,2\n" * 200_000 + b'1,"' + b"x\n" * 40_000,
            "record 200,001 (line 200,002): a cell is longer than",
            id="open quote, far away",
        ),
        pytest.param(
            b"a,b\n1," + b"x" * (MAX_CELL + 1),
            "record 1 (line 2): a cell is",
            id="cell",
        ),
        pytest.param(
            b"a,b\n1," + b"x" * 3_000_000, "record 1 (line 2): a line is", id="line"
        ),
        pytest.param(
            b"a,b\n" + b'"\n",' * 999 + b'"\n"\n' + b"1," * 1000 + b"1\n",
            "record 2 (line 1,003): it has more than 1,000 cells",
            id="columns",
        ),
        pytest.param(
            b"a,b\n" + b",".join([b'"' + b"x\n" * 20_000 + b'"'] * 30),
            "record 1 (line 2): it is longer than",
            id="record of many lines",
        ),
    ],
)
def test_a_refusal_names_record_line_and_rule(content: bytes, text: str) -> None:
    """The uploader has to find the place; the cell itself may be personal data."""
    source = BytesSource(content)

    with pytest.raises(SourceNotText) as caught:
        for _ in open_table(source, "a.csv", OPTIONS).records(has_header=True):
            pass

    assert str(caught.value).startswith(text)
    assert all(reader.closed for reader in source.opened)


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml xl/",
            "an Excel workbook; let its name end in .xlsx, and upload it again",
        ),
        (
            b"PK\x03\x04 list.csv",
            "a zip archive or a workbook; if it is a workbook, let its name end",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "an old Excel workbook, or one with a password; save it as .xlsx",
        ),
        (b"\x1f\x8b\x08\0", "an archive"),
        (b"\n%PDF-1.7", "a PDF"),
        (b"{\\rtf1", "a document (RTF)"),
        (b"PAR1", "a Parquet file"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"<!DOCTYPE html>", "an HTML or XML page"),
        (codecs.BOM_UTF8 + b'<?xml version="1.0"?>', "an HTML or XML page"),
        (b"<table>", "an HTML or XML page"),
        (b'{"email": 1}', "JSON; with one object a line, let its name end in .jsonl"),
        (b'[\n  {"email": 1}]', "JSON"),
        (b"BEGIN:VCARD\n", "a vCard"),
        ("email\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("email\n".encode("utf-16-be"), "UTF-16 without a byte order mark"),
    ],
)
def test_says_what_another_format_looks_like(content: bytes, words: str) -> None:
    """Who uploads a workbook has only to name it so; "not UTF-8" would not help."""
    with pytest.raises(SourceNotText, match=f"looks like {re.escape(words)}"):
        opened(content)


@pytest.mark.parametrize(
    "first", ["<a@b.example>", "[a]", "{a}", "#a", "=a", "@a", "PK", "begin"]
)
def test_takes_no_first_cell_for_another_format(first: str) -> None:
    """Whether it is a value is for others to say."""
    assert read(f"{first},x\n1,2\n".encode()) == [["1", "2"]]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-7"])
def test_another_encoding_is_refused(encoding: str) -> None:
    """No Windows or Mac program exports it, so it is a mistake."""
    with pytest.raises(SourceNotText):
        read("é,b\n1,2\n".encode(encoding) + b"\xff")


@pytest.mark.fault(9)
@pytest.mark.parametrize("name", ["a.xls", "a.csv.zip", "csv", "a.csv ", "a.csv\n"])
def test_any_other_name_is_refused(name: str) -> None:
    """The uploader knows best what it is; a workbook costs money for nothing."""
    with pytest.raises(SourceMisnamed):
        opened(b"a\n1\n", name)


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "ipqs/email/a.b.Tsv", "é .txt"])
def test_a_table_is_recognized_by_its_name(name: str) -> None:
    """Upper and lower case are the uploader's choice."""
    records = opened(b"a\n1\n", name).records(has_header=True)

    assert list(records) == [Record(1, 2, ["1"])]


@pytest.mark.fault(8)
@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
def test_has_a_piece_of_a_file_in_memory(ending: bytes) -> None:
    """A list has as many records as somebody has customers."""
    row = b"1," + b"2" * 250 + ending
    source = BytesSource(b"a,b" + ending + row * 40_000)
    with memory_limit(len(source.data) + 6 * MAX_RECORD):
        table = open_table(source, "a.csv", OPTIONS)
        count = sum(1 for _ in table.records(has_header=True))

    assert count == 40_000


@given(
    content=st.binary(max_size=200), start=st.sampled_from([b"", b"a,b\n", b"\xff\xfe"])
)
def test_any_bytes_are_read_or_refused(content: bytes, start: bytes) -> None:
    """Every refusal has a name and advice; a traceback has neither."""
    source = BytesSource(start + content)
    try:
        table = open_table(source, "a.csv", OPTIONS)
        assert len(list(table.records(has_header=False))) <= len(content) + 2
    except SourceNotText:
        pass
    assert all(reader.closed for reader in source.opened)
