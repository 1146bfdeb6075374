"""Workbooks: what a sheet shows is read as a table, or refused; nothing is guessed."""

import gc
import struct
from pathlib import Path
from zipfile import ZIP_BZIP2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    SourceEmpty,
    SourceMisnamed,
    SourceNotText,
    SourceTooLarge,
)
from functions.tables.list_reading import read_list
from functions.tables.named_rows import NamedRow, read_rows
from functions.tables.reader import ReadOptions
from functions.tables.workbook import WorkbookTable
from tests.contract.memory import memory_limit
from tests.contract.sources import BytesSource
from tests.unit.workbook_files import number, workbook

CASES = Path(__file__).parents[1] / "cases"
_MEBIBYTE = 1024 * 1024
_OPEN_FILES = Path("/proc/self/fd")


def read(content: bytes, *, has_header: bool = False) -> list[list[str]]:
    """Return the cells of all records, without empty ones at their ends."""
    records = WorkbookTable(BytesSource(content)).records(has_header=has_header)
    return [trimmed(record.cells) for record in records]


def trimmed(cells: list[str]) -> list[str]:
    """Return cells without the empty ones at the end."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def shown(value: str, code: str, *, is_1904: bool = False) -> str:
    """Return what is read of a number in a format."""
    content = workbook([[number(value, 1)]], codes=[code], is_1904=is_1904)
    ((cell,),) = read(content)
    return cell


texts = st.text(
    st.sampled_from("aé_x0D9 \n\r\t&<>\"'")
    | st.characters(min_codepoint=32, codec="utf-8", exclude_characters="\ufffe\uffff"),
    max_size=6,
)


@given(
    rows=st.lists(st.lists(texts, max_size=4), max_size=6),
    prefix=st.sampled_from(["", "x:"]),
)
def test_texts_are_read_back(rows: list[list[str]], prefix: str) -> None:
    """A cell that changes on the way is another person's address, or half of one."""
    rows = [
        [cell.replace("\ufffe", "").replace("\uffff", "") for cell in row]
        for row in rows
    ]
    content = workbook(rows, prefix=prefix)

    expected = [trimmed(row) if any(map(str.strip, row)) else [] for row in rows]
    assert read(content) == trimmed_rows(expected)


def trimmed_rows(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without the blank ones at the end."""
    while rows and not rows[-1]:
        rows = rows[:-1]
    return rows


@pytest.mark.parametrize(
    "case", ["x01-openpyxl.xlsx", "x02-xlsxwriter.xlsx", "x03-xlsxwriter-inline.xlsx"]
)
def test_reads_what_programs_write(case: str) -> None:
    """Each writes the same table in its own way: texts, numbers, dates, a formula."""
    asha = ["0012", "asha@firma.example", "919800000001", "2026-01-31"]
    other = ["Ünal & Söhne\nBerlin", "b@firma.example", "0301234567", "1999-12-31"]

    assert read((CASES / case).read_bytes()) == [
        ["Kunde", "E-Mail", "Telefon", "Seit", "Anruf", "Umsatz", "Aktiv"],
        [*asha, "2026-01-31 14:30:00", "12.5", "TRUE"],
        [],
        [*other, "14:30:00", "0.1", "FALSE"],
        ["a_b", "", "+49 (30) 123456"],
    ]


#: Of North America, as Excel has it.
_PHONE = "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####"


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("919800000001", "General", "919800000001"),
        ("9.19800000001E11", "General", "919800000001"),
        ("9.19800000001E+11", "0.00E+00", "919800000001"),
        ("919800000001.0", "0.0", "919800000001"),
        ("919800000001", "#,##0", "919800000001"),
        ("9876543", "0000000000", "0009876543"),
        ("919800000001", "\\+0", "+919800000001"),
        ("919800000001", '"+"00 00000-00000', "+91 98000-00001"),
        ("5551234567", _PHONE, "(555) 123-4567"),
        ("5551234", _PHONE, "555-1234"),
        ("5", '0" kg"', "5"),
        ("0", "00;-00;\\-", "0"),
        ("-5", "00", "-5"),
        ("1234567890123456", "0", "1.23456789012346E+15"),
        ("0.30000000000000004", "General", "0.3"),
        ("0.5", "0%", "0.5"),
        ("12", "[Red]0.00", "12"),
        ("12", '0 "days"', "12"),
        ("x", "0", "x"),
        ("46053", "dd.mm.yyyy", "2026-01-31"),
        ("46053.604166666664", "d/m/yy h:mm", "2026-01-31 14:30:00"),
        ("46053.604166666664", "mmm yy", "2026-01-31"),
        ("46053.999999999", "yyyy", "2026-02-01"),
        ("0.604166666664", "h:mm AM/PM", "14:30:00"),
        ("1.5", "[h]:mm", "36:00:00"),
        ("1e305", "[h]:mm", "1E+305"),
        ("1_0", "General", "1_0"),
        ("1", "yyyy", "1900-01-01"),
        ("60", "yyyy", "1900-02-29"),
        ("61", "yyyy", "1900-03-01"),
        ("2958465", "yyyy", "9999-12-31"),
        ("2958466", "yyyy", "2958466"),
        ("-1", "yyyy", "-1"),
        ("1", "0" * 256, "1"),  # longer than a format can be
    ],
)
def test_a_number_has_all_its_digits(value: str, code: str, expected: str) -> None:
    """Zeros, plus and digits that get lost make the phone number of somebody else."""
    assert shown(value, code) == expected


def test_days_can_be_counted_from_1904() -> None:
    """Old workbooks of the Mac count so; four years are a wrong date of birth."""
    assert shown("44591", "yyyy-mm-dd", is_1904=True) == "2026-01-31"


def test_cells_of_every_kind_are_read() -> None:
    """Truths, errors and formulas are as shown, rich texts without their hints."""
    sheet = (
        '<row><c t="b"><v>1</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c t="str"><f>A1</f><v>a_x000D_b</v></c><c><f>1+1</f><v>2</v></c>'
        '<c t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r>'
        "<rPh><t>hint</t></rPh></is></c>"
        '<c t="d"><v>2026-01-31</v></c></row>'
    )

    assert read(workbook(sheet=sheet)) == [
        ["TRUE", "#DIV/0!", "a\rb", "2", "ab", "2026-01-31"]
    ]


def test_a_formula_without_a_value_is_noted() -> None:
    """Programs write formulas that nothing has computed: a column of them is blank."""
    table = WorkbookTable(
        BytesSource(workbook([["a", "<c><f>B1</f></c>"], ["b", "<c><f>B2</f></c>"]]))
    )

    assert [record.cells for record in table.records(has_header=False)] == [
        ["a"],
        ["b"],
    ]
    assert any("never computed" in note for note in table.notes)


def test_the_first_sheet_that_is_shown_is_read() -> None:
    """Nobody means a sheet that is hidden; and that there are others is said."""
    sheets = ("visible", "hidden", "visible")
    table = WorkbookTable(BytesSource(workbook([["a"]], sheets=sheets)))

    assert table.sample == [["a"]]
    assert table.notes == ("the first of 2 sheets was read",)
    with pytest.raises(SourceEmpty, match="first of the workbook's 2 sheets is empty"):
        read(workbook([["a"]], sheets=("hidden", "visible", "visible")))
    with pytest.raises(SourceEmpty, match="no sheet"):
        read(workbook([["a"]], sheets=("veryHidden",)))


def test_rows_are_records_by_number() -> None:
    """Blank rows count where they stand, but not those behind the table."""
    sheet = (
        '<row r="2"><c r="B2" t="str"><v>email</v></c></row>'
        '<row r="3"><c r="B3" t="str"><v>a@b.example</v></c></row>'
        '<row r="4"><c r="XFD4" s="0"/></row>'
        '<row r="6"><c r="B6" t="str"><v>c@d.example</v></c></row>'
        '<row r="1048576"><c r="A1048576" t="str"><v> </v></c></row>'
    )
    records = WorkbookTable(BytesSource(workbook(sheet=sheet))).records(has_header=True)

    assert [(number, line, cells) for number, line, cells in records] == [
        (1, 3, ["", "a@b.example"]),
        (2, 4, []),
        (3, 5, []),
        (4, 6, ["", "c@d.example"]),
    ]


def test_a_list_and_a_batch_are_read() -> None:
    """It is one reader; the name says what the file is."""
    content = workbook([["Id", "Mobile"], ["1", number("919800000001")], ["2", "x"]])

    reading = read_list(BytesSource(content), "June.XLSX", "phone", ReadOptions())
    rows = read_rows(
        "b.xlsx", BytesSource(content), required=["mobile"], optional=["name"]
    )

    assert [record.value for record in reading.records()] == ["919800000001", ""]
    assert reading.value_column.name == "Mobile"
    assert list(rows) == [
        NamedRow(1, 2, {"mobile": "919800000001"}),
        NamedRow(2, 3, {"mobile": "x"}),
    ]


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(262_110)


def bomb(size: int) -> bytes:
    """Return a sheet whose one text has so many bytes."""
    return (
        b"<worksheet><row><c><v>" + bytes(b"1" * size) + b"</v></c></row></worksheet>"
    )


def wrong(part: str, content: bytes | None) -> bytes:
    """Return a workbook one part of which is another, or missing."""
    return workbook([["a"]], changed={part: content})


_SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"PK\3\4", id="no archive"),
        pytest.param(workbook([["a"]])[:-100], id="cut off"),
        pytest.param(workbook([["a"]], compression=ZIP_BZIP2), id="bzip2"),
        pytest.param(wrong("_rels/.rels", None), id="no beginning"),
        pytest.param(wrong("_rels/.rels", b"<a/>"), id="another document"),
        pytest.param(wrong("xl/workbook.xml", b"\0binary"), id="xlsb"),
        pytest.param(wrong(_SHEET, None), id="no sheet"),
        pytest.param(wrong(_SHEET, b"<worksheet><row>"), id="XML cut off"),
        pytest.param(
            wrong(_SHEET, b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'),
            id="document type",
        ),
        *(
            pytest.param(
                wrong(_SHEET, f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()),
                id=f"in {name}",
            )
            for name in ("foo", "utf-7", "shift_jis", "idna")
        ),
        *(
            pytest.param(
                wrong(part, b"<a>" * 1000 + b"</a>" * 1000),
                id=f"tags within tags of {part}",
            )
            for part in (_SHEET, "xl/sharedStrings.xml")
        ),
        pytest.param(workbook(sheet='<row r="2"/><row r="1"/>'), id="row order"),
        pytest.param(workbook(sheet='<row r="1048577"/>'), id="too many rows"),
        pytest.param(
            workbook(sheet='<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'),
            id="cell order",
        ),
        pytest.param(workbook(sheet='<row><c r="1"><v>1</v></c></row>'), id="no place"),
        pytest.param(workbook([[number("1", 7)]]), id="no such style"),
    ],
)
def test_what_is_damaged_is_refused(content: bytes) -> None:
    """Nothing is paid, and the error says what to do."""
    with pytest.raises(SourceNotText, match=r'cannot be read: save .* "CSV UTF-8"'):
        read(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "is no workbook", id="empty"),
        pytest.param(b"email\na@b.example\n", r"if it is a CSV, .* in \.csv", id="CSV"),
        pytest.param(b"%PDF-1.7", "a PDF", id="PDF"),
        pytest.param(_OLE, r"an old one \(.xls\)", id="xls"),
        pytest.param(
            _OLE + "EncryptedPackage".encode("utf-16-le"), "a password", id="password"
        ),
    ],
)
def test_what_is_no_workbook_is_named(content: bytes, words: str) -> None:
    """Somebody saved it under the wrong name, or with a password."""
    with pytest.raises(SourceNotText, match=words):
        read(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(
            workbook(sheet='<row><c t="s"><v>9</v></c></row>'),
            r"record 1 \(line 1\): .* text",
            id="no such text",
        ),
        pytest.param(
            workbook([["a"], [], ["x" * 65_537]]),
            r"record 3 \(line 3\): a cell",
            id="long cell",
        ),
        pytest.param(workbook([["x" * 60_000] * 20]), "it is longer", id="long record"),
        pytest.param(
            workbook([["a"], [*[""] * 1000, "b"]]),
            r"record 2 \(line 2\): it has more than 1,000 cells",
            id="wide record",
        ),
    ],
)
def test_a_refusal_names_the_record(content: bytes, words: str) -> None:
    """It is to be found among a million of them."""
    with pytest.raises(SourceNotText, match=words):
        read(content)


def test_other_workbooks_are_named() -> None:
    """It is a workbook, so that "no table" would be no help."""
    for name in ("a.xls", "a.ODS", "a.xlsb"):
        with pytest.raises(SourceMisnamed, match="save it so"):
            read_list(BytesSource(b"x"), name, "email", ReadOptions())


@pytest.mark.parametrize(
    "part", [_SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "_rels/.rels"]
)
def test_a_bomb_is_not_unpacked(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte can unpack to a gigabyte, which no function has."""
    monkeypatch.setattr("functions.tables.packed_parts.MAX_UNPACKED", 4 * _MEBIBYTE)
    content = wrong(part, b"<a>" + b" " * 5 * _MEBIBYTE)
    assert len(content) < _MEBIBYTE / 10

    with memory_limit(3 * _MEBIBYTE), pytest.raises(SourceTooLarge, match="CSV UTF-8"):
        read(content)


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (b"<worksheet a='" + b"x" * 20 * _MEBIBYTE + b"'/>", "cannot be read"),
        (bomb(20 * _MEBIBYTE), "a cell is longer"),
    ],
    ids=["tag", "cell"],
)
def test_no_piece_of_a_sheet_is_large(sheet: bytes, words: str) -> None:
    """What has no end is not read to its end."""
    content = wrong(_SHEET, sheet)

    with memory_limit(6 * _MEBIBYTE), pytest.raises(SourceNotText, match=words):
        read(content)


@pytest.mark.parametrize(
    "part", ["xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"]
)
def test_what_describes_a_sheet_is_bounded(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All styles and the names of all sheets are in memory."""
    monkeypatch.setattr("functions.tables.xml_events._MAX_TAGS", 1000)

    with pytest.raises(SourceTooLarge, match="CSV UTF-8"):
        read(wrong(part, b"<a>" + b"<b/>" * 100_000 + b"</a>"))


def test_styles_of_one_format_take_the_memory_of_one() -> None:
    """A workbook of some kilobytes can have half a million of them."""
    code, style = "0" * 250, '<xf numFmtId="200"/>'
    styles = (
        f'<styleSheet><numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
        f"<cellXfs>{style * 5_000}</cellXfs></styleSheet>"
    )

    with memory_limit(10 * _MEBIBYTE):
        assert read(wrong("xl/styles.xml", styles.encode())) == [["a"]]


def test_texts_of_a_workbook_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are in memory."""
    monkeypatch.setattr("functions.tables.shared_texts._MAX_BYTES", 1000)

    with pytest.raises(SourceTooLarge, match="CSV UTF-8"):
        read(workbook([[f"text {n}"] for n in range(100)]))


def test_a_text_that_many_cells_share_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thousand bytes of cells can stand for a megabyte of text."""
    monkeypatch.setattr("functions.tables.sheet_rows.MAX_UNPACKED", 4 * _MEBIBYTE)
    row = "<row>" + '<c t="s"><v>0</v></c>' * 10 + "</row>"
    text = b"<sst><si><t>" + b"x" * 60_000 + b"</t></si></sst>"
    content = workbook(sheet=row * 100, changed={"xl/sharedStrings.xml": text})

    with memory_limit(40 * _MEBIBYTE), pytest.raises(SourceTooLarge):
        read(content)


def test_a_list_of_millions_of_parts_is_not_read() -> None:
    """Each entry would take half a kilobyte of memory."""
    entry = b"PK\1\2" + bytes(42)
    directory = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(directory), 4, 0)

    content = b"PK\3\4" + directory + end

    with memory_limit(4 * _MEBIBYTE), pytest.raises(SourceTooLarge, match="parts"):
        read(content)


def test_has_a_piece_of_a_sheet_in_memory() -> None:
    """A sheet has as many rows as somebody has customers."""
    row = "<row>" + '<c t="str"><v>asha@firma.example</v></c>' * 8 + "</row>"
    content = workbook(sheet=row * 5_000)

    with memory_limit(2 * _MEBIBYTE):
        table = WorkbookTable(BytesSource(content))
        count = sum(1 for _ in table.records(has_header=True))

    assert count == 4_999


def test_nothing_is_left_open() -> None:
    """The workbook lies on the disk of a function that handles others later."""
    source = BytesSource(workbook([["a"]]))

    before = len([*_OPEN_FILES.iterdir()])
    assert WorkbookTable(source).sample == [["a"]]
    gc.collect()

    assert all(opened.closed for opened in source.opened)
    assert len([*_OPEN_FILES.iterdir()]) == before
