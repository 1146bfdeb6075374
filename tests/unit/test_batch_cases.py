"""Cases of batches: of what people upload, each row is asked for once or named."""

import json
import re
from pathlib import Path

import pytest

from functions.core.errors import RequestInvalid
from functions.providers.protocol import BatchRequest, InvalidRow
from functions.providers.txncheck.packing import pack
from functions.providers.txncheck.request_bodies import RequestBodies
from tests.contract.sources import BytesSource

CASES = Path(__file__).parents[1] / "cases"
REQUESTS = RequestBodies(upi_name="optional", bank_async=False)
FULL, KYC = "full-check", "kyc-by-mobile"


def source(case: str) -> BytesSource:
    """Return the file of a case."""
    return BytesSource((CASES / case).read_bytes())


def packed(case: str, type_: str) -> list[BatchRequest | InvalidRow]:
    """Return what the file of a case is packed into."""
    return list(pack(REQUESTS, type_, case, source(case)))


@pytest.mark.parametrize(
    ("case", "type_", "rows", "invalid"),
    [
        ("t01-space-before-quote.csv", FULL, [(1,), (2,)], []),
        ("t02-semicolon.csv", FULL, [(1,)], []),
        ("t03-header-case-order-bom.csv", FULL, [(1,)], []),
        ("t04-mobile-forms.csv", FULL, [(14,)], list(range(1, 14))),
        (
            "t05-names.csv",
            FULL,
            [(n,) for n in (1, 2, 3, 4, 5, 6, 7, 8, 12, 13)],
            [9, 10, 11],
        ),
        ("t08-duplicates.csv", KYC, [(1, 2, 3, 4, 5)], []),
        ("t12-trailing-commas.csv", FULL, [(1,)], []),
        ("t13-all-invalid.csv", FULL, [], [1, 2]),
        ("t16-pretty.jsonl", FULL, [], [1, 2, 3, 4]),
        ("t23-some-fail.csv", KYC, [(1,), (2,), (3,), (4,)], []),
        ("t24-dos-eof.csv", FULL, [(1,)], []),
        ("t33-blank-record-between.csv", FULL, [(1,), (3,), (4,)], []),
    ],
)
def test_packs_the_rows_of_a_case(
    case: str, type_: str, rows: list[tuple[int, ...]], invalid: list[int]
) -> None:
    """A row's number is that of its record, in every answer."""
    entries = packed(case, type_)

    assert [e.rows for e in entries if isinstance(e, BatchRequest)] == rows
    assert [e.row for e in entries if isinstance(e, InvalidRow)] == invalid


@pytest.mark.parametrize(
    ("case", "row", "name"),
    [
        ("t01-space-before-quote.csv", 1, "Asha Rao"),
        ("t05-names.csv", 1, "O'Brien"),
        ("t05-names.csv", 6, "ஆஷா ராவ்"),
        ("t05-names.csv", 8, 'Asha "Bunty" Rao'),
        ("t33-blank-record-between.csv", 3, "Ravi Nair"),
    ],
)
def test_sends_a_name_as_it_is_meant(case: str, row: int, name: str) -> None:
    """A name with the quotes of the file would match nobody, and be paid."""
    bodies = {
        entry.rows[0]: json.loads(entry.body)
        for entry in packed(case, FULL)
        if isinstance(entry, BatchRequest)
    }

    assert bodies[row]["name"] == name


def test_names_the_columns_that_a_header_needs() -> None:
    """Without a header, the first record would be lost, and the others misread."""
    with pytest.raises(RequestInvalid, match="mobile, name: missing in the header"):
        packed("t09-no-header.csv", FULL)


def test_reads_a_single_request_of_windows() -> None:
    """A BOM and its line ends are no part of a request."""
    body = REQUESTS.read_body(FULL, source("t19-bom-crlf.json"))

    assert json.loads(body)["name"] == "Asha Rao"


def test_says_that_a_number_has_to_be_a_text() -> None:
    """The digits are right; what is wrong is that quotes are missing."""
    rule = "mobile: must be +91 and ten digits, as a text in quotes"
    with pytest.raises(RequestInvalid, match=re.escape(rule)):
        REQUESTS.read_body(FULL, source("t18-number.json"))
