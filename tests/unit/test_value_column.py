"""Value columns: the right column is sent, or the list is refused with the reason."""

import pytest

from functions.core.errors import SourceColumnUnclear, SourceEmpty
from functions.tables.reader import ReadOptions
from functions.tables.value_column import ValueColumn, choose_value_column, other_type


def choose(text: str, type_: str = "email", **options: object) -> ValueColumn:
    """Choose the column of a table, which has rows and cells between white space."""
    sample = [
        ["" if cell == "_" else cell for cell in line.split()]
        for line in text.strip().split("\n")
    ]
    return choose_value_column(sample, type_, ReadOptions(**options))  # type: ignore[arg-type]  # the tests' own


@pytest.mark.parametrize(
    ("table", "type_", "expected"),
    [
        pytest.param("x\na@b.c", "email", (0, "x", True), id="one column"),
        pytest.param("a@b.c\nd@e.f", "email", (0, "", False), id="no header"),
        pytest.param("n मेल\n1 a@b.c\n2 d@e.f", "email", (1, "मेल", True), id="content"),
        pytest.param(
            "email boss\na@b.c d@e.f\na@b.c d@e.f",
            "email",
            (0, "email", True),
            id="name",
        ),
        pytest.param(
            "E-Mail-Address cc\na@b.c d@e.f",
            "email",
            (0, "E-Mail-Address", True),
            id="-",
        ),
        pytest.param(
            "email old\nx a@b.c\ny d@e.f\nz g@h.i",
            "email",
            (1, "old", True),
            id="a name that is wrong",
        ),
        pytest.param(
            "x cc\na@b.c _\na@b.c _\nd@e.f g@h.i", "email", (0, "x", True), id="rarely"
        ),
        pytest.param("x y\n_ a@b.c\n_ _\n_ _", "email", (1, "y", True), id="sparse"),
        pytest.param(
            "id phone\n12345678 +911234567\n12345679 +911234568",
            "phone",
            (1, "phone", True),
            id="numbers that fit",
        ),
        pytest.param(
            "ip day\n198.51.100.7 2026-11-26", "phone", None, id="no numbers at all"
        ),
        pytest.param("a@b.c", "email", (0, "", False), id="one record"),
        pytest.param("a@b.c _\nd@e.f _", "email", (0, "", False), id="empty cells"),
        pytest.param("id a@b.c", "email", (1, "", False), id="one record of two cells"),
        pytest.param("value\nx\ny", "new", (0, "value", True), id="unknown type"),
        pytest.param("x\ny", "new", (0, "", False), id="unknown type, no header"),
    ],
)
def test_finds_the_column_and_the_header(
    table: str, type_: str, expected: tuple[int, str, bool] | None
) -> None:
    """People name columns in any language; the cells say what they are."""
    if expected is None:
        with pytest.raises(SourceColumnUnclear):
            choose(table, type_)
    else:
        assert choose(table, type_) == ValueColumn(*expected)


@pytest.mark.parametrize(
    ("table", "type_", "text"),
    [
        pytest.param(
            "x y\na@b.c d@e.f\na@b.c d@e.f",
            "email",
            "2 columns hold e-mail addresses: column 1: 2 of 2 cells fit; column 2: ",
            id="two that fit alike",
        ),
        pytest.param(
            "email mail\na@b.c d@e.f", "email", "2 columns hold e-mail", id="two names"
        ),
        pytest.param(
            "x y\nasha 1\nravi 2",
            "email",
            "no column holds e-mail addresses: column 1: 0 of 3 cells fit (mostly: it "
            "has no @); column 2: 0 of 3 cells fit (mostly: it has no @)",
            id="none",
        ),
        pytest.param(
            "x\na@b.c\nr\ns\n", "email", "no column holds e-mail", id="less than half"
        ),
        pytest.param("x y\n1 2", "new", "2 columns hold values", id="unknown type"),
    ],
)
def test_refuses_what_is_unclear(table: str, type_: str, text: str) -> None:
    """A guess would be paid for; the numbers say how to decide."""
    with pytest.raises(SourceColumnUnclear) as caught:
        choose(table, type_)

    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("cell", "type_", "other"),
    [
        ("+14155550100", "email", "column 2 may hold phone numbers: .* as phone "),
        ("a@b.example", "phone", "column 2 may hold e-mail addresses: .* as email "),
        ("192.0.2.1", "email", "column 2 may hold IP addresses: .* as proxy "),
        ("https://a.example/", "proxy", "column 2 may hold URLs .* as url "),
        ("Berlin", "email", r"column 2: 0 of 3 cells fit \(mostly: it has no @\)$"),
        ("12345678", "email", r"\(mostly: it has no @\)$"),  # a code of any kind
        ("x.example.com", "email", r"\(mostly: it has no @\)$"),  # an account
    ],
)
def test_names_the_type_that_a_column_looks_like(
    cell: str, type_: str, other: str
) -> None:
    """Somebody has taken the wrong folder; the columns are in order."""
    with pytest.raises(SourceColumnUnclear, match=other) as caught:
        choose(f"who what\nasha {cell}\nravi {cell}", type_)

    assert cell not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "cell", "other"),
    [
        ("E-Mail", "ravi.rows.example", ""),
        ("e-mail", "https://a.example", ""),
        ("code", "12345678", ""),
        ("Mobile", "12345678", "phone"),
        ("what", "+12345678", "phone"),
        ("host", "x.example.com", "url"),
    ],
)
def test_no_other_type_is_named_by_what_fits_by_chance(
    header: str, cell: str, other: str
) -> None:
    """A verdict on values that are none of that type would be paid for."""
    remark = other_type([[header], [cell], [cell]], "email")

    assert (f"submit the file as {other} " in remark) if other else remark == ""


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("boss", ValueColumn(1, "boss", True)),
        (" BOSS ", ValueColumn(1, "boss", True)),
        ("2", ValueColumn(1, "boss", True)),
        ("1", ValueColumn(0, "mail", True)),
    ],
)
def test_takes_the_column_that_is_named(column: str, expected: ValueColumn) -> None:
    """By its header or its number."""
    assert choose("mail boss\na@b.c d@e.f", column=column) == expected


def test_a_name_that_is_given_shows_the_header() -> None:
    """Of a type without a rule, nothing else tells a header from a value."""
    assert choose("code x\nA 1", "new", column="Code") == ValueColumn(0, "code", True)
    assert choose("code x\nA 1", "new", column="1") == ValueColumn(0, "", False)


def test_a_number_may_be_that_of_a_column_that_is_missing_at_first() -> None:
    """Spreadsheets leave out empty cells at the end."""
    assert choose("x\ny a@b.c", column="2") == ValueColumn(1, "", True)


@pytest.mark.parametrize("column", ["0", "3", "wife", "x"])
def test_refuses_a_column_that_is_not_there(column: str) -> None:
    """A typing error must not send another column."""
    with pytest.raises(SourceColumnUnclear, match="the name that was given, of 2 col"):
        choose("x x\na@b.c d@e.f", column=column)


def test_takes_the_header_that_is_said() -> None:
    """A first record like the others may be a header, and one unlike them a record."""
    assert choose("a@b.c\nd@e.f", header=True) == ValueColumn(0, "a@b.c", True)
    assert choose("x\nd@e.f", header=False) == ValueColumn(0, "", False)


@pytest.mark.parametrize(
    ("sample", "options"),
    [
        ([], ReadOptions()),
        ([["x"]], ReadOptions()),
        ([["x", "y"]], ReadOptions()),
        ([["a@b.c"]], ReadOptions(header=True)),
    ],
)
def test_refuses_a_list_without_records(
    sample: list[list[str]], options: ReadOptions
) -> None:
    """A header alone is paid for like a value."""
    with pytest.raises(SourceEmpty):
        choose_value_column(sample, "email", options)
