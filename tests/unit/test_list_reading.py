"""Lists: exactly the values of an upload are sent, and every record is counted."""

import codecs
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

    allowed = ReadOptions(windows_1252=True)
    _, records = read("Email,Ort\na@b.example,Köln\n".encode(), options=allowed)
    assert records[0].cells[1] == "Köln"
    with pytest.raises(SourceNotText, match="byte 22 of the file is not WINDOWS-1252"):
        read(b"Email\na@b.example\n\xe9@b\x81", options=allowed)

    reading, records = read(hosts, "url", options=ReadOptions(header=False))
    assert numbers(reading) == (1, 0, 0, 1)
    assert records[0].reason == "its host has no dot"


def test_the_setting_that_would_read_a_file_is_named_where_there_is_one() -> None:
    """Who has read that a file is not UTF-8 has to know that it need not be."""
    latin = (CASES / "e14-latin1.csv").read_bytes()
    marked = codecs.BOM_UTF8 + latin

    def refused(content: bytes, *, windows_1252: bool | None) -> str:
        with pytest.raises(SourceNotText, match="not UTF-8") as caught:
            read(content, options=ReadOptions(windows_1252=windows_1252))
        return str(caught.value)

    assert "windows_1252 of the provider in cdk.json" in refused(
        latin, windows_1252=False
    )
    assert "1252" not in refused(latin, windows_1252=None)
    assert "1252" not in refused(marked, windows_1252=False)


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


def test_an_address_may_begin_with_a_number_sign() -> None:
    """What is left out as a comment is in no number that the uploader sees."""
    reading, records = read(b"#1@b.example\nb@b.example\n")

    assert numbers(reading) == (2, 0, 0, 0)
    assert reading.table.notes == ()
    assert records[0].value == "#1@b.example"


def test_what_is_not_sent_is_counted_by_reason() -> None:
    """The uploader wants to know what to correct, not how many times."""
    good = b"a@b.example,1\nc@b.example,1\nd@b.example,1\n"
    content = b"Email,x\n" + good + b"b,2\nc,3\n,4\nEmail,x\n"

    reading, _ = read(content)

    assert reading.reasons == {
        "it has no @": 2,
        "it is empty": 1,
        "it repeats the header": 1,
    }
    assert reading.header == ["Email", "x"]
    assert reading.counts.width == 2


def test_a_named_column_without_a_value_is_refused() -> None:
    """Nothing would be sent, and the job would succeed."""
    content = b"Phone,Note\n" + b"9.19E+11,1234567\n" * 5 + b",y\n"

    with pytest.raises(SourceColumnUnclear) as caught:
        read(content, "phone", options=ReadOptions(column="Phone"))

    text = "column 1 holds no phone numbers: none of 6 cells fits (mostly: it is in "
    assert str(caught.value).startswith(text)
    assert "submit the file" not in str(caught.value)


def test_a_named_column_of_another_type_is_said_to_be_one() -> None:
    """Then the column is right, and only the type is not."""
    content = b"Phone,IP\n" + b"+14155550100,192.0.2.1\n" * 5

    with pytest.raises(SourceColumnUnclear) as caught:
        read(content, "email", options=ReadOptions(column="Phone"))

    assert "column 1 may hold phone numbers: if they are meant" in str(caught.value)
    assert "0100" not in str(caught.value)


def test_values_may_stand_far_behind() -> None:
    """A sample that holds none is no proof that there is none."""
    content = b"Phone,Note\n" + b",x\n" * 2000 + b"1234567,y\n"

    reading, _ = read(content, "phone", options=ReadOptions(column="phone"))

    assert numbers(reading) == (1, 0, 0, 2000)


def test_objects_are_records_of_their_names() -> None:
    """What a program writes is a list, too; its values keep their meaning."""
    content = (
        b'{"id": 1, "mail": "a@b.example"}\n\n{"mail": "x", "on": true}\r\n'
        b'{"mail": "A@B.example", "id": {"a": [null]}}\n{"id": null}\n'
        b'{"mail": "c@d.example", "id": "x\\ny"}\n'
    )

    reading, records = read(content, name="list.JSONL")

    assert reading.header == ["id", "mail", "on"]
    assert reading.value_column.index == 1
    assert [(r.number, r.line, r.status, r.cells) for r in records] == [
        (1, 1, Status.SENT, ["1", "a@b.example", ""]),
        (2, 3, Status.NOT_SENT, ["", "x", "true"]),
        (3, 4, Status.DUPLICATE, ['{"a": [null]}', "A@B.example", ""]),
        (4, 5, Status.BLANK, ["", "", ""]),
        (5, 6, Status.SENT, ["x\ny", "c@d.example", ""]),
    ]


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        pytest.param(b"", SourceEmpty, "nothing", id="empty"),
        pytest.param(b"\n \n", SourceEmpty, "nothing", id="blank"),
        pytest.param(b"{}\n{}\n", SourceEmpty, "nothing", id="no names"),
        pytest.param(b'{"a": ""}\n', SourceEmpty, "only a header", id="no values"),
        pytest.param(
            b'{"a": "a@b.c"}\n\n["d@e.f"]\n',
            SourceNotText,
            r"record 2 \(line 3\): it is not one strict JSON object in one line",
            id="no object",
        ),
        pytest.param(
            b'{"a": "a@b.c"}\n' * 1000 + b'{"b": 1}\n',
            SourceNotText,
            r"record 1,001 \(line 1,001\): the first 1,000 do not have",
            id="a new name",
        ),
        pytest.param(
            b'{"a": "' + b"x" * 65_537 + b'"}',
            SourceNotText,
            r"record 1 .*65,536 characters",
            id="long",
        ),
        pytest.param(
            b'{"a": "a@b.c\\u0000"}', SourceNotText, r"1 .*or a NUL", id="NUL"
        ),
        pytest.param(
            b"{" + b",".join(b'"%d": 1' % n for n in range(1001)) + b"}",
            SourceNotText,
            "more than 1,000 names",
            id="names",
        ),
        pytest.param(
            b'{"a": "a@b.c"}\n{"a": "\xff"}',
            SourceNotText,
            r"record 2 .*byte 23",
            id="b",
        ),
    ],
)
def test_refuses_objects_that_are_no_table(
    content: bytes, error: type[CourierError], text: str
) -> None:
    """A value that has no column would be lost."""
    with pytest.raises(error, match=text):
        read(content, name="list.jsonl")


def test_what_does_not_fit_can_be_sent() -> None:
    """A rule of ours may be narrower than the provider's; who pays decides."""
    rows = ("a@b.example", "bob", "BOB", "bob ", "", "é", "x\ty", "Mail", "A@B.example")
    content = "\n".join(["Mail,n", *(f'"{row}",1' for row in rows), "Mail,n"]).encode()
    options = ReadOptions(column="1", header=True)

    source = BytesSource(content)
    reading = read_list(source, "list.csv", "email", options, send_unfit=True)
    records = list(reading.records())

    assert [(record.status, record.value, record.reason) for record in records] == [
        (Status.SENT, "a@b.example", ""),
        (Status.SENT, "bob", "it has no @"),
        (Status.SENT, "BOB", "it has no @"),
        (Status.DUPLICATE, "bob", "it has no @"),
        (Status.NOT_SENT, "", "it is empty"),
        (Status.SENT, "é", "it has no @"),
        (
            Status.NOT_SENT,
            "",
            "it has a line break, a tab or an invisible character in it",
        ),
        (Status.SENT, "Mail", "it has no @"),
        (Status.DUPLICATE, "A@B.example", ""),
        (Status.NOT_SENT, "", "it repeats the header"),
    ]
    assert numbers(reading) == (5, 0, 2, 3)
    assert reading.notes == ["values that do not fit, and are sent all the same: 4"]


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (b"https://a.example/x,1\nhttps://b.example/y,2\n", "https://a.example/x"),
        (b"url\nhttps://a.example/x,1\nhttps://b.example/y,2\n", ""),
        (b"sep=;\nhttps://a.example/x,1\nhttps://b.example/y,2\n", ""),
        (b'"https://a.example/x,1"\n"https://b.example/y,2"\n', ""),
    ],
)
def test_a_comma_in_each_url_may_part_it(content: bytes, first: str) -> None:
    """Nothing tells it from two columns, except what its owner puts around it."""
    _, records = read(content, "url")

    assert records[0].value == (first or "https://a.example/x,1")
