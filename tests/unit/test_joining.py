"""Joining: the uploader's records come back, whole and in order, with verdicts."""

import csv
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import _duckdb
import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.core.errors import RowsUnjoinable
from functions.core.rows import (
    JOINED_KIND,
    JOINED_PARQUET_KIND,
    JOINED_SPREADSHEET_KIND,
)
from functions.joining.column_names import COURIER_COLUMNS, unique_names
from functions.joining.database import Bounds, write_exact_csv
from functions.joining.join import RECORD_COLUMNS, Join, Joined, Table
from functions.joining.result_file import copy_result

#: Cells that a reader or a writer of CSV may take for something else.
_ODD_CELLS = (
    *("", " ", '"', '""', ",", ";", "a\nb", "a\r\nb", "a\rb", "\\N", "NULL", "null"),
    *("=1+1", "'", "\\", "#", "\t", "\x00", "\x1a", "\ufeff", "\u2028", "é", "😀"),
)
CELLS = st.one_of(
    st.sampled_from(_ODD_CELLS),
    st.text(st.characters(codec="utf-8"), max_size=8),
)
LISTS = ("pristine", "clean", "bad")


def key_of(value: str) -> str:
    """Make two values comparable, as for e-mail addresses."""
    return value.strip().casefold()


@dataclass
class Upload:
    """An uploaded table as Prepare leaves it, and what the provider makes of it."""

    header: list[str]
    rows: list[list[str]]  # as in `records.csv`
    results: dict[str, list[list[str]]] = field(default_factory=dict)
    separator: str = ","
    missing: set[int] = field(default_factory=set)
    unexpected: int = 0

    def join(
        self, folder: Path, *, type_: str = "email", spreadsheet_safe: bool = False
    ) -> Joined:
        """Write the files of Prepare and of the provider, and join them."""
        width = len(self.rows[0]) - len(RECORD_COLUMNS) if self.rows else 0
        columns = (*RECORD_COLUMNS, *(f"c{n + 1}" for n in range(width)))
        write_exact_csv(folder / "records.csv", columns, self.rows)
        paths = {}
        for kind, rows in self.results.items():
            paths[kind] = folder / f"{kind}.csv"
            with paths[kind].open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, delimiter=self.separator).writerows(rows)
        (folder / "work").mkdir()
        return Join(
            records=folder / "records.csv",
            table=Table(header=tuple(self.header), width=width),
            results=paths,
            complete=("all",),
            provider="theirs",
            type=type_,
            spreadsheet_safe=spreadsheet_safe,
            bounds=Bounds(memory="200MB", threads=1),
        ).write(folder / "work")


def read(joined: Joined) -> list[dict[str, str]]:
    """Read the joined CSV as a person's program does."""
    with joined.files[JOINED_KIND].open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@st.composite
def uploads(draw: st.DrawFn) -> Upload:
    """Draw a table with records of every status, and the provider's results."""
    width = draw(st.integers(1, 4))
    place = draw(st.integers(0, width - 1))
    header = draw(st.lists(CELLS, max_size=width))
    rows: list[list[str]] = []
    sent: list[int] = []
    statuses = ("sent", "sent", "sent", "duplicate", "blank", "not_sent")
    for number, status in enumerate(draw(st.lists(st.sampled_from(statuses))), 1):
        cells = [draw(CELLS) for _ in range(width)]
        value = f"{'Ab'[number % 2]}{number}@x.test"
        if status == "sent" or (status == "duplicate" and not sent):
            sent.append(number)
            cells[place] = f" {value} "
            rows.append([str(number), "sent", "", "", value, *cells])
        elif status == "duplicate":
            first = draw(st.sampled_from(sent))
            value = rows[first - 1][4].upper()
            cells[place] = value
            rows.append([str(number), status, "", str(first), value, *cells])
        elif status == "blank":
            rows.append([str(number), status, "", "", "", *([""] * width)])
        else:
            reason = draw(st.sampled_from(["has no @", "is too long, by far"]))
            rows.append([str(number), status, reason, "", "", *cells])
    upload = Upload(header, rows, separator=draw(st.sampled_from(",;\t|")))
    _answer(draw, upload, sent)
    return upload


def _answer(draw: st.DrawFn, upload: Upload, sent: Sequence[int]) -> None:
    """Let the provider shuffle, change the case of, lose and invent rows."""
    random_ = random.Random(draw(st.integers(0, 99)))
    column = draw(st.integers(0, 2))
    words = st.sampled_from(["Email Address", "valid", "", "é", "record", "Valid"])
    header = [draw(words) for _ in range(3)]
    everything: dict[str, list[list[str]]] = {
        "all": [],
        "pristine": [],
        "clean": [],
        "bad": [],
    }
    for number in sent:
        fate = draw(st.sampled_from(["pristine", "clean", "bad", "none", "lost"]))
        if fate == "lost":
            upload.missing.add(number)
            continue
        value = upload.rows[number - 1][4]
        row = [draw(CELLS) for _ in range(3)]
        row[column] = draw(st.sampled_from([value, value.upper(), value.lower()]))
        everything["all"].append(row)
        lists = {"pristine": ("pristine", "clean"), "none": ()}.get(fate, (fate,))
        for kind in lists:
            everything[kind].append(row)
    for n in range(draw(st.integers(0, 2))):
        row = [draw(CELLS) for _ in range(3)]
        row[column] = f"foreign{n}@y.test"
        everything["all"].append(row)
        upload.unexpected += 1
    for kind in ("pristine", "clean", "bad", "all"):
        rows = everything[kind]
        random_.shuffle(rows)
        if rows or kind == "all":
            upload.results[kind] = [header, *rows]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(uploads())
def test_records_in_are_records_out(upload: Upload) -> None:
    """People look for their own rows, their own cells, and one verdict for each."""
    with TemporaryDirectory() as folder:
        joined = upload.join(Path(folder))
        table = read(joined)
        with joined.files[JOINED_KIND].open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
        parquet = duckdb.read_parquet(str(joined.files[JOINED_PARQUET_KIND]))
        parquet_rows = parquet.fetchall()

    width = len(upload.rows[0]) - len(RECORD_COLUMNS) if upload.rows else 0
    start = len(COURIER_COLUMNS)
    assert [row[0] for row in lines[1:]] == [row[0] for row in upload.rows]
    assert [row[start : start + width] for row in lines[1:]] == [
        row[len(RECORD_COLUMNS) :] for row in upload.rows
    ]
    assert [[str(row[0]), *row[1:]] for row in parquet_rows] == lines[1:]
    assert parquet.columns == lines[0]
    assert {str(kind) for kind in parquet.types[1:]} <= {"VARCHAR"}

    answers = {key_of(c): row for row in upload.results["all"][1:] for c in row}
    lists = {
        key_of(cell): kind
        for kind in reversed(LISTS)
        for row in upload.results.get(kind, [])[1:]
        for cell in row
    }
    for row, source in zip(lines[1:], upload.rows, strict=True):
        _, status, reason, duplicate_of, value, *_ = source
        is_missing = int(duplicate_of or source[0]) in upload.missing
        has_verdict = status in ("sent", "duplicate") and not is_missing
        expected = {"sent": "missing" if is_missing else "verified"}.get(status, status)
        assert row[1] == expected
        assert row[3] == (lists.get(key_of(value), "") if has_verdict else "")
        assert row[4] == duplicate_of
        assert row[start + width :] == (
            answers[key_of(value)] if has_verdict else [""] * 3
        )
        if status == "not_sent":
            assert row[2] == reason
    _check_numbers(upload, joined, table)


def _check_numbers(
    upload: Upload, joined: Joined, table: Sequence[Mapping[str, str]]
) -> None:
    numbers = joined.rows
    statuses = Counter(row["courier_status"] for row in table)
    assert numbers.records == len(upload.rows)
    assert numbers.sent == numbers.returned + numbers.missing
    assert numbers.records == numbers.sent + numbers.blank + numbers.duplicates + sum(
        numbers.not_sent.values()
    )
    assert numbers.missing == len(upload.missing) == statuses["missing"]
    assert numbers.returned == statuses["verified"]
    assert numbers.unexpected == upload.unexpected


def sent(*values: str) -> list[list[str]]:
    """Return records that were all sent, of a table with one column."""
    return [[str(n), "sent", "", "", v, v] for n, v in enumerate(values, 1)]


def verdicts(joined: Joined, column: str) -> list[str]:
    """Return what stands in one column of the joined rows."""
    return [row[column] for row in read(joined)]


def test_the_value_column_is_found_by_its_content(tmp_path: Path) -> None:
    """Which columns a result has is not documented: names and places may lie."""
    upload = Upload(["mail"], sent("a@x.test", "b@x.test"))
    upload.results["all"] = [
        ["Email Address", "ok", "", "Contact"],
        ["b@y.test", "no", "b@x.test", "support@y.test"],
        ["a@y.test", "yes", "a@x.test", "support@y.test"],
    ]

    joined = upload.join(tmp_path)

    assert verdicts(joined, "theirs_ok") == ["yes", "no"]
    assert verdicts(joined, "theirs_column_3") == ["a@x.test", "b@x.test"]


def test_a_value_that_comes_back_in_another_form_is_recognized(tmp_path: Path) -> None:
    """A provider may write all of them in a form of its own."""
    upload = Upload([], sent("2001:DB8::1", "2001:db8:0::2"))
    upload.results["all"] = [
        ["note", "address"],
        ["no address", "2001:db8::2"],
        ["", "2001:db8::1"],
    ]

    joined = upload.join(tmp_path, type_="proxy")

    assert verdicts(joined, "theirs_address") == ["2001:db8::1", "2001:db8::2"]
    assert joined.rows.returned == 2
    assert joined.rows.unexpected == 0


def test_without_a_result_that_has_every_row_the_others_are_joined(
    tmp_path: Path,
) -> None:
    """What the provider has judged is joined, though its one full file is absent."""
    upload = Upload(["mail"], sent("a@x.test", "b@x.test", "c@x.test"))
    upload.results |= {
        "pristine": [["Mail", "Score"], ["a@x.test", "1"]],
        "clean": [["Score", "Mail", "Why"], ["1", "a@x.test", ""]],
        "bad": [["Mail", "Why"], ["c@x.test", "trap"], ["z@x.test", "?"]],
    }

    joined = upload.join(tmp_path)

    assert verdicts(joined, "courier_status") == ["verified", "missing", "verified"]
    assert verdicts(joined, "courier_list") == ["pristine", "", "bad"]
    assert verdicts(joined, "theirs_Score") == ["1", "", ""]
    assert verdicts(joined, "theirs_Why") == ["", "", "trap"]
    assert (joined.rows.returned, joined.rows.unexpected) == (2, 1)


def test_a_row_too_many_is_counted_and_named(tmp_path: Path) -> None:
    """Two verdicts on one value contradict each other; the first row counts."""
    upload = Upload(["mail"], sent("a@x.test"))
    upload.results["all"] = [
        ["mail", "ok"],
        ["a@x.test", "yes"],
        ["A@x.test", "no"],
        ["a@x.test", "no"],
    ]

    joined = upload.join(tmp_path)

    assert verdicts(joined, "theirs_ok") == ["yes"]
    assert joined.rows.unexpected == 2
    assert joined.rows.unexpected_rows == (2, 3)


def test_a_result_of_other_values_leaves_all_missing(tmp_path: Path) -> None:
    """Perhaps it is the file of another job: that is said, and nothing is guessed."""
    upload = Upload(["mail"], sent("a@x.test"))
    upload.results["all"] = [["mail", "ok"], ["b@x.test", "yes"]]

    joined = upload.join(tmp_path)

    assert verdicts(joined, "courier_status") == ["missing"]
    assert (joined.rows.missing, joined.rows.unexpected) == (1, 1)


def test_a_result_from_excel_is_read(tmp_path: Path) -> None:
    """A mark at the beginning, semicolons, CRLF and blank lines are still a table."""
    upload = Upload(["mail"], sent("a@x.test"), separator=";")
    upload.results["all"] = [["\ufeffmail", "ok"], [], ["a@x.test", "yes"], []]

    assert verdicts(upload.join(tmp_path), "theirs_mail") == ["a@x.test"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([["mail", "ok"], ["secret@x.test"]], "line 2", id="a short row"),
        pytest.param([["mail"], ["secret@x.test", ""]], "line 2", id="a long row"),
    ],
)
def test_a_result_that_is_no_table_is_refused(
    tmp_path: Path, rows: list[list[str]], said: str
) -> None:
    """A cell in the wrong column would be a wrong verdict; the text quotes no cell."""
    upload = Upload(["mail"], sent("a@x.test"))
    upload.results["all"] = rows

    with pytest.raises(RowsUnjoinable, match=said) as raised:
        upload.join(tmp_path)

    assert "secret" not in str(raised.value)


def test_an_open_quote_is_refused(tmp_path: Path) -> None:
    """All rows behind it would be one cell."""
    source = tmp_path / "all.csv"
    source.write_text('mail\n"secret@x.test\n')

    with pytest.raises(RowsUnjoinable, match=r"not CSV in line 2$"):
        copy_result("all", source, tmp_path / "copy.csv")


def test_what_the_database_says_quotes_no_cell(tmp_path: Path) -> None:
    """Its own message has the line that it could not read."""
    upload = Upload(["mail"], [["secret@x.test", "sent", "", "", "v", "v"]])
    upload.results["all"] = [["mail"], ["v"]]

    with pytest.raises(RowsUnjoinable) as raised:
        upload.join(tmp_path)

    assert str(raised.value) == "the database: ConversionException"
    assert raised.value.__suppress_context__


def test_columns_have_names_and_each_only_once(tmp_path: Path) -> None:
    """A reader of Parquet finds a column by its name, mostly whatever its case."""
    row = ["1", "sent", "", "", "a@x.test", "a@x.test", "2", "3", "4", "5"]
    upload = Upload(["Mail", "mail", " ", "record"], [row])
    upload.results["all"] = [["mail", "mail", ""], ["a@x.test", "x", "y"]]

    (joined,) = read(upload.join(tmp_path))

    assert list(joined)[len(COURIER_COLUMNS) :] == [
        *("Mail", "mail_2", "column_3", "record_2", "column_5"),
        *("theirs_mail", "theirs_mail_2", "theirs_column_3"),
    ]


def test_a_name_that_was_made_is_not_given_twice() -> None:
    """`a_2` may be somebody's own name, before or after it is needed."""
    assert unique_names(["a", "a_2", "A", "a_2"]) == ("a", "a_2", "A_3", "a_2_2")


def test_a_duplicate_of_what_is_missing_has_no_verdict(tmp_path: Path) -> None:
    """It stays a duplicate, and names the record whose row is missing."""
    rows = [*sent("a@x.test"), ["2", "duplicate", "", "1", "A@x.test", "A@x.test"]]
    upload = Upload(["mail"], rows)
    upload.results["all"] = [["mail", "ok"]]

    joined = upload.join(tmp_path)

    assert verdicts(joined, "courier_status") == ["missing", "duplicate"]
    assert verdicts(joined, "courier_duplicate_of") == ["", "1"]
    assert verdicts(joined, "theirs_ok") == ["", ""]


@pytest.mark.parametrize("cell", ["=1+1", "+91", "-1", "@a", "\t=1", "\r=1"])
def test_no_cell_is_a_formula_in_the_file_for_spreadsheets(
    tmp_path: Path, cell: str
) -> None:
    """Whoever made the list would run it on the machine of whoever opens the file."""
    upload = Upload(["mail", "=note"], sent("a@x.test"))
    upload.rows[0].append(cell)
    upload.results["all"] = [["mail", "said"], ["a@x.test", cell]]

    joined = upload.join(tmp_path, spreadsheet_safe=True)

    path = joined.files[JOINED_SPREADSHEET_KIND]
    with path.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["mail"] == "a@x.test"
    assert row["'=note"] == row["theirs_said"] == f"'{cell}"
    assert read(joined)[0]["theirs_said"] == cell


def test_there_is_no_file_for_spreadsheets_unless_it_is_wanted(tmp_path: Path) -> None:
    """Most people load the rows into something else, which wants them as they are."""
    upload = Upload(["mail"], sent("a@x.test"))
    upload.results["all"] = [["mail"], ["a@x.test"]]

    assert JOINED_SPREADSHEET_KIND not in upload.join(tmp_path).files


def test_what_the_database_uses_of_duckdb_is_what_its_package_offers() -> None:
    """It is imported from a private module, which a release may rename or change."""
    assert _duckdb.connect is duckdb.connect
    assert _duckdb.DuckDBPyConnection is duckdb.DuckDBPyConnection
    assert _duckdb.Error is duckdb.Error
