"""Values: what is no value is not paid for, and one value is not paid for twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tables.values import (
    VALUE_TYPES,
    column_names,
    is_value,
    match_key,
    unfit_reason,
)


@pytest.mark.parametrize(
    ("type_", "cell"),
    [
        ("email", "a@b.example"),
        ("email", " o'brien+x.y_z@sub-1.b.example\u00a0"),
        ("email", "jörg@müller.example"),
        ("email", "a..b@b.example"),
        ("email", f"{'a' * 64}@{'b' * 63}.example"),
        ("phone", "+919800000001"),
        ("phone", "0091 98000-00001"),
        ("phone", "(020) 7946 0018"),
        ("phone", "01.23.45.67.89"),
        ("phone", "030/1234567"),
        ("phone", "1234567"),
        ("proxy", "198.51.100.7"),
        ("proxy", "2001:DB8::1"),
        ("url", "shop.example"),
        ("url", "SHOP.example."),
        ("url", "https://shop.example:8443/a,b?c=d@e#f"),
        ("url", "http://198.51.100.7/x"),
        ("url", "https://[2001:db8::1]/"),
        ("url", "münchen.example/straße"),
        ("url", "xn--mnchen-3ya.xn--p1ai"),
        ("new type", "anything"),
    ],
)
def test_a_value_fits_its_type(type_: str, cell: str) -> None:
    """A rule that is too narrow would hide a verdict that somebody wants."""
    assert unfit_reason(type_, cell) == ""
    assert is_value(type_, cell)


@pytest.mark.parametrize(
    ("type_", "cell", "reason"),
    [
        ("email", "asha", "it has no @"),
        ("email", "<a@b.example>", "it has a character that no address has, such as"),
        ("email", "a@b.example,c@d.example", "it has a character that no address"),
        ("email", "mailto:a@b.example", "it has a character that no address has"),
        ("email", "a b@c.example", "it has a space in it"),
        ("email", "a@b@c.example", "it has more than one @"),
        ("email", "a@localhost", "its domain has no dot"),
        ("email", "a@b..example", "it is not of the form"),
        ("email", "@b.example", "it is not of the form"),
        ("email", f"{'a' * 65}@b.example", "it is not of the form"),
        ("email", f"a@{'b.' * 126}example", "it is longer than 254 characters"),
        ("email", "a@b.exa\u200bmple", "it has a line break, a tab or an invisible"),
        ("email", "a@b.example\nc@d.example", "it has a line break, a tab or an inv"),
        ("email", " ", "it is empty"),
        ("phone", "9.19E+11", "it is in scientific notation"),
        ("phone", "9,19e11", "it is in scientific notation"),
        ("phone", "919800000001.0", "it is a decimal number"),
        ("phone", "2026-11-26", "it is a date"),
        ("phone", "26.11.2026", "it is a date"),
        ("phone", "11/26/2026", "it is a date"),
        ("phone", "198.51.100.7", "it is an IP address"),
        ("phone", "'+919800000001", "it has a character that no phone number has"),
        ("phone", '="+919800000001"', "it has a character that no phone number has"),
        ("phone", "+91 98000 00001 ext. 7", "it has a character that no phone number"),
        ("phone", "+९१९८००००००००१", "it has a character that no phone number has"),
        ("phone", "123456", "it does not have 7 to 15 digits"),
        ("phone", "1234567890123456", "it does not have 7 to 15 digits"),
        ("phone", "+91\u00a09800000001", "it has a line break, a tab or an invisible"),
        ("proxy", "198.51.100.256", "it is not an IP address"),
        ("proxy", "198.051.100.7", "it is not an IP address"),
        ("proxy", "198.51.100.0/24", "it is a network or a URL"),
        ("proxy", "198.51.100.7:8080", "it has a port or brackets"),
        ("proxy", "[2001:db8::1]:80", "it has a port or brackets"),
        ("proxy", "fe80::1%eth0", "it names a network interface"),
        ("url", "intranet", "its host has no dot"),
        ("url", "https://localhost/x", "its host has no dot"),
        ("url", "ftp://shop.example", "its scheme is neither http nor https"),
        ("url", "a@shop.example", "it is an address, or has a user name"),
        ("url", "https://u:p@shop.example", "it is an address, or has a user name"),
        ("url", "A. Rao", "it has a space in it"),
        ("url", "1234.56", "its host is not a domain"),
        ("url", "", "it is empty"),
        ("new type", "", "it is empty"),
    ],
)
def test_what_is_no_value_has_a_reason(type_: str, cell: str, reason: str) -> None:
    """Each would be paid for, and bring no verdict."""
    assert unfit_reason(type_, cell).startswith(reason)
    assert not is_value(type_, cell)


@pytest.mark.parametrize(
    ("type_", "one", "other", "is_same"),
    [
        ("email", "A@B.example", " a@b.EXAMPLE ", True),
        ("email", "a.b@c.example", "ab@c.example", False),
        ("phone", "+91 98000-00001", "00919800000001", True),
        ("phone", "919800000001", "+919800000001", False),
        ("proxy", "2001:DB8:0::1", "2001:db8::1", True),
        ("url", "HTTPS://Shop.example/A", "https://shop.example/A", True),
        ("url", "https://shop.example/A", "https://shop.example/a", False),
        ("url", "http://shop.example", "https://shop.example", False),
        ("new type", " a ", "a", True),
        ("new type", "A", "a", False),
    ],
)
def test_the_match_key_decides_what_is_one_value(
    type_: str, one: str, other: str, is_same: bool
) -> None:
    """Two that are one are paid once; two that are not would share a verdict."""
    assert (match_key(type_, one) == match_key(type_, other)) is is_same


@given(type_=st.sampled_from([*VALUE_TYPES, "new"]), cell=st.text(max_size=30))
def test_every_cell_fits_or_has_a_reason_without_it(type_: str, cell: str) -> None:
    """A reason is stored and shown, and a cell may be personal data."""
    reason = unfit_reason(type_, f"canary{cell}")

    assert "canary" not in reason
    if not reason:
        assert match_key(type_, f"canary{cell}")


@given(cell=st.text("0123456789+-. ()/e,", max_size=20))
def test_a_phone_number_keeps_its_digits(cell: str) -> None:
    """A key without some of them would make one of two numbers."""
    if unfit_reason("phone", cell) == "":
        digits = "".join(filter(str.isdecimal, cell))
        assert match_key("phone", cell).removeprefix("+") in (digits, digits[2:])


@pytest.mark.parametrize(
    ("type_", "name", "is_name"),
    [
        ("leaked", "Leaked", True),
        ("leaked", "E-Mail", True),
        ("leaked", "asha", False),
    ],
)
def test_the_header_of_an_unknown_type_is_known_by_its_name(
    type_: str, name: str, is_name: bool
) -> None:
    """Its cells are all values, so that nothing else tells a header from them."""
    assert is_value(type_, name) is not is_name
    assert "email" in column_names(type_)
