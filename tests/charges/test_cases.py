"""Cases: what people upload costs what they would expect, or is refused unpaid."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.charges.desk import Desk

CASES = Path(__file__).parents[1] / "cases"
FOLDERS = {
    "e": "ipqs/email",
    "p": "ipqs/phone",
    "u": "ipqs/url",
    "t": "txncheck/full-check",
    "t08": "txncheck/kyc-by-mobile",
    "t23": "txncheck/kyc-by-mobile",
}
NAMES = "name: must be 1 to 200 characters, none of them a control character"

#: How many values are paid; and what the quote says, where it is more than that.
SENT: dict[str, tuple[int, dict[str, Any]]] = {
    "e01-bom-crlf.csv": (12, {}),
    "e02-lone-cr.csv": (12, {}),
    "e03-utf16le-tabs.csv": (12, {}),
    "e04-dos-eof-1a.csv": (
        12,
        {"notes": ["the end-of-file mark or padding was ignored"]},
    ),
    "e06-header-hindi.csv": (12, {}),
    "e10-excel-trailing-empty-rows.csv": (12, {"blank": 30}),
    "e12-semicolon.csv": (12, {}),
    "e13-quoted-newline.csv": (12, {}),
    "e19-upper.CSV": (12, {}),
    "e20-list.txt": (12, {"header": None}),
    "e27-concatenated-with-boms.csv": (
        2,
        {"not_sent": {"it repeats the header": 1}},
    ),
    "e38-comment-first.csv": (12, {}),
    "u03-host-first.csv": (1, {"header": "intranet"}),
    "t01-space-before-quote.csv": (2, {}),
    "t02-semicolon.csv": (1, {}),
    "t03-header-case-order-bom.csv": (1, {}),
    "t04-mobile-forms.csv": (
        1,
        {"not_sent": {"mobile: must be +91 and ten digits": 13}},
    ),
    "t05-names.csv": (
        10,
        {"not_sent": {NAMES: 2, "has more cells than the header": 1}},
    ),
    "t08-duplicates.csv": (1, {"duplicates": 4}),
    "t12-trailing-commas.csv": (1, {"blank": 2}),
    "t19-bom-crlf.json": (1, {}),
    "t23-some-fail.csv": (4, {}),
    "t24-dos-eof.csv": (1, {}),
    "t33-blank-record-between.csv": (3, {"blank": 1}),
}
#: With which error, and what its advice says; nothing is paid.
REFUSED = {
    "e05-header-only-hindi.csv": ("SourceEmpty", "only a header"),
    "e07-header-digits-only.csv": ("SourceEmpty", "only a header"),
    "e09-excel-empty-rows-only.csv": ("SourceEmpty", "only a header"),
    "e14-latin1.csv": (
        "SourceNotText",
        r"record 1 \(line 2\): byte 39 .* not UTF-8; .* the setting windows_1252",
    ),
    "e18-angle.csv": ("SourceColumnUnclear", "column 1: 0 of 2 cells fit"),
    "e22-only-bom.csv": ("SourceEmpty", "nothing"),
    "e25-zip-named.csv": ("SourceNotText", "zip"),
    "e29-quoted-empty-only.csv": ("SourceEmpty", "only a header"),
    "e30-header-paren-only.csv": ("SourceEmpty", "only a header"),
    "e31-header-ampersand-only.csv": ("SourceEmpty", "only a header"),
    "e32-html.csv": ("SourceNotText", "HTML"),
    "p01-scientific.csv": ("SourceColumnUnclear", "digits are lost"),
    "t09-no-header.csv": ("RequestInvalid", "mobile, name: missing in the header"),
    "t13-all-invalid.csv": (
        "RequestInvalid",
        r"row 1 \(line 2\).*mobile: must be \+91 and ten digits.* Correct .*logs JOB",
    ),
    "t16-pretty.jsonl": ("RequestInvalid", r"row 1 \(line 1\).* JSON object"),
    "t18-number.json": ("RequestInvalid", "mobile: .* as a text in quotes"),
}


def upload(name: str, ipqs: Desk, txncheck: Desk) -> tuple[Desk, dict[str, Any]]:
    """Upload a case; return the desk to which it goes, and its quote."""
    folder = FOLDERS.get(name[:3]) or FOLDERS[name[0]]
    desk = ipqs if folder.startswith("ipqs") else txncheck
    content = (CASES / name).read_bytes()
    metadata = {"courier-quote": "yes"}  # a request alone has a quote only if asked
    return desk, desk.upload(f"{folder}/{name}", content, metadata=metadata)


@pytest.mark.parametrize("name", SENT)
def test_a_case_costs_its_values(name: str, ipqs: Desk, txncheck: Desk) -> None:
    """Each is a file that somebody would upload and expect to work."""
    values, expected = SENT[name]

    desk, quote = upload(name, ipqs, txncheck)

    assert desk.refused == ("", "")
    assert desk.simulator.charged == quote["to_send"] == values
    assert {member: quote[member] for member in expected} == expected


@pytest.mark.parametrize("name", REFUSED)
def test_a_case_is_refused_unpaid(name: str, ipqs: Desk, txncheck: Desk) -> None:
    """The job's own error says what is wrong, where, and what to do about it."""
    error, advice = REFUSED[name]

    desk, quote = upload(name, ipqs, txncheck)

    assert (quote, desk.simulator.charged, desk.uploads) == ({}, 0, 0)
    assert desk.refused[0] == error
    assert re.search(advice, desk.refused[1]), desk.refused[1]


def test_s18_four_thousand_and_one_rows_are_sent(txncheck: Desk) -> None:
    """There was a bound of 4,000, whose advice named another setting."""
    rows = b"".join(b"+91980000%04d\n" % number for number in range(4001))

    quote = txncheck.upload("txncheck/kyc-by-mobile/many.csv", b"mobile\n" + rows)

    assert txncheck.simulator.charged == quote["uploads"] == 4001


def test_each_case_has_a_line() -> None:
    """A case without one is a file that nobody reads."""
    names = {path.name for path in CASES.iterdir() if path.suffix != ".xlsx"}

    assert {*SENT, *REFUSED} == names
