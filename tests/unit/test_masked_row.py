"""A row that is remembered does not tell the value, and tells everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tables.masked_row import masked_row


@pytest.mark.parametrize(
    ("type_", "value", "cell", "masked"),
    [
        ("email", "Asha@rows.example", "asha@ROWS.example", None),
        ("email", "asha@rows.example", "mailto:asha@rows.example", ""),
        ("email", "a.sha@rows.example", "A.SHA", ""),
        ("email", "asha@rows.example", "rows.example", "rows.example"),
        ("phone", "+919800000001", "00 91 98000-00001", None),
        ("phone", "+919800000001", "098000 00001", ""),
        ("phone", "+919800000001", "call +91 98000 00001", ""),
        ("phone", "+919800000001", "+91", "+91"),
        ("proxy", "2001:db8::1", "2001:DB8:0:0::1", None),
        ("proxy", "192.0.2.1", "192.0.2.1:8080", ""),
        ("url", "HTTP://Rows.example/a", "http://rows.example/a", None),
        ("url", "rows.example", "https://rows.example/", ""),
        ("username", "bo", "bo", None),
        ("username", "bo", "bob", "bob"),
        ("email", "asha@rows.example", "true", "true"),
        ("email", "asha@rows.example", "", ""),
    ],
)
def test_a_cell_is_masked_if_it_tells_the_value(
    type_: str, value: str, cell: str, masked: str | None
) -> None:
    """None comes back as the value; what is only like it is left out."""
    assert masked_row(type_, value, {"cell": cell}) == {"cell": masked}


@given(st.from_regex(r"[a-z]{5,9}", fullmatch=True), st.text(max_size=9), st.booleans())
def test_no_cell_that_has_the_value_is_kept(
    name: str, more: str, is_upper: bool
) -> None:
    """Whatever stands around it, and in whatever letters."""
    value = f"{name}@rows.example"
    cell = f"{more}{value.upper() if is_upper else value}{more}"

    assert masked_row("email", value, {"cell": cell})["cell"] in (None, "")
