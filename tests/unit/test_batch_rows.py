"""Batch rows: whatever is uploaded, its records come back, each with its own answer."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.batch_records import BatchRecords
from functions.core.batch_lines import ResolvedRequest, ResultLines
from functions.core.batch_results import RequestResult
from functions.core.errors import RowsUnjoinable, SourceNotText
from functions.core.model import Outcome, PreparedList
from functions.core.rows import JOINED_KIND, JoinedRows, RowsVerdict
from functions.joining.database import Bounds
from functions.joining.join import Join, Table
from functions.joining.row_lines import copy_lines
from functions.providers.protocol import BatchRequest, InvalidRow
from functions.providers.txncheck.packing import pack
from functions.providers.txncheck.request_bodies import BULK, RequestBodies
from functions.providers.txncheck.unpacking import unpack
from tests.contract.sources import BytesSource

#: The same tables each time; `BATCH_ROWS_EXAMPLES=10000` draws that many.
_EXAMPLES = int(os.environ.get("BATCH_ROWS_EXAMPLES", "30"))
_BODIES = RequestBodies(upi_name="optional", bank_async=False)
_NAMES = ("note", "mobile", "Vpa")
#: The simulator's table: what the last digit of a mobile makes of a request.
_FAILS = {"8": "ProviderFailed", "9": "ProviderDeclined"}

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff")
    | st.sampled_from('\n",;|='),
    max_size=6,
)
mobiles = st.sampled_from(
    [*(f"+91980000000{digit}" for digit in "012789"), "+9198", "12", "9800000000 "]
)
vpas = st.sampled_from(["a@bank", "b9@bank", "A@bank", "no vpa"])
blanks = st.sampled_from([("", "", ""), (" ", "", "")])
tables = st.lists(st.tuples(texts, mobiles, vpas) | blanks, max_size=12).filter(
    lambda table: any(mobile for _, mobile, _ in table)
)


class Files:
    """Work files in memory."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def put_file(self, name: str, file: BinaryIO) -> str:
        """Keep a file; return its version."""
        return self.put(name, file.read())

    def put(self, name: str, content: bytes) -> str:
        """Keep a file's content; return its version."""
        self.content[name] = content
        return name


def prepared(
    type_: str, name: str, content: bytes
) -> tuple[list[BatchRequest], list[InvalidRow], PreparedList, Files]:
    """Pack a file, and write its records, as Prepare does."""
    files = Files()
    with BatchRecords() as kept:
        entries = list(pack(_BODIES, type_, name, BytesSource(content), keeper=kept))
        requests = [entry for entry in entries if isinstance(entry, BatchRequest)]
        invalid = [entry for entry in entries if isinstance(entry, InvalidRow)]
        counts, _ = kept.write(type_, requests, invalid, batch_store=cast("Any", files))
    return requests, invalid, counts, files


def answered(request: BatchRequest) -> ResolvedRequest:
    """Return a request with the answer that its content gets."""
    fields = json.loads(request.body)
    error = _FAILS.get(fields.get("mobile", " ")[-1])
    if error:
        result = RequestResult(Outcome.FAILED, error)
        details = {"message": 'not, "now"'}
        return ResolvedRequest(result, request.rows, details=details)
    document: dict[str, Any] = {"status": "COMPLETED", "result": {"of": fields}}
    if request.type == BULK:
        document["result"] = {"clean": fields["vpas"][:1], "blocklisted": []}
    parts = unpack(request.type, request.body, json.dumps(document).encode())
    return ResolvedRequest(RequestResult(Outcome.SUCCEEDED), request.rows, parts)


def join(
    requests: Sequence[BatchRequest],
    invalid: Sequence[InvalidRow],
    files: Files,
    folder: Path,
) -> tuple[list[dict[str, str]], JoinedRows]:
    """Write the lines of the result, and join them with the records."""
    lines = ResultLines(
        map(answered, requests),
        [{"row": row.row, "reason": row.reason} for row in invalid],
    )
    (folder / "result.jsonl").write_bytes(b"".join(lines))
    (folder / "records.csv").write_bytes(files.content["records.csv"])
    (folder / "work").mkdir()
    table = json.loads(files.content["table.json"])
    joined = Join(
        records=folder / "records.csv",
        table=Table(header=tuple(table["header"]), width=table["width"]),
        results={"result": folder / "result.jsonl"},
        complete=("result",),
        provider="txncheck",
        type="any",
        bounds=Bounds(memory="200MB", threads=1),
    ).write(folder / "work")
    with joined.files[JOINED_KIND].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True)), joined.rows


def as_csv(table: Sequence[Sequence[str]], separator: str) -> bytes:
    """Return a table as a CSV with a header."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([_NAMES, *table])
    return file.getvalue().encode()


def cells(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return the uploader's cells of a joined record."""
    return tuple(row[name] for name in _NAMES)


@settings(max_examples=_EXAMPLES)
@given(
    table=tables,
    type_=st.sampled_from(["kyc-by-mobile", "vpa-chargeback-check"]),
    separator=st.sampled_from(",;\t|"),
)
def test_records_in_are_records_out(
    table: list[tuple[str, str, str]], type_: str, separator: str
) -> None:
    """Cells are equal, equal rows have one answer, and all numbers add up."""
    requests, invalid, counts, files = prepared(
        type_, "b.csv", as_csv(table, separator)
    )
    with TemporaryDirectory() as folder:
        rows, numbers = join(requests, invalid, files, Path(folder))

    assert [int(row["record"]) for row in rows] == [*range(1, len(table) + 1)]
    assert [*map(cells, rows)] == table
    theirs = [name for name in rows[0] if name.startswith("txncheck_")]
    for row in rows:
        if row["courier_duplicate_of"]:
            first = rows[int(row["courier_duplicate_of"]) - 1]
            assert first["courier_status"] in {"verified", "failed"}
            assert [row[name] for name in theirs] == [first[name] for name in theirs]
            assert row["courier_reason"] == first["courier_reason"]
    statuses = Counter(row["courier_status"] for row in rows)
    assert (numbers.returned, numbers.failed) == (
        statuses["verified"],
        statuses["failed"],
    )
    assert numbers.verdict is RowsVerdict.COMPLETE
    assert (counts.records, counts.sent) == (numbers.records, numbers.sent)
    # What is quoted is what is charged: a request, or each value of a bulk request.
    paid = sum(len(json.loads(r.body).get("vpas", [0])) for r in requests)
    assert counts.sent == paid
    assert not statuses["missing"]


@given(table=tables)
@settings(max_examples=_EXAMPLES)
def test_objects_in_are_records_out(table: list[tuple[str, str, str]]) -> None:
    """JSON Lines have the same records, whichever names their objects have."""
    objects = [
        {name: cell for name, cell in zip(_NAMES, row, strict=True) if cell}
        for row in table
    ]
    content = "\n".join(map(json.dumps, objects)).encode()
    requests, invalid, _, files = prepared("kyc-by-mobile", "b.jsonl", content)
    with TemporaryDirectory() as folder:
        rows, numbers = join(requests, invalid, files, Path(folder))

    found = [{name: row.get(name, "") for name in _NAMES} for row in rows]
    assert found == [dict(zip(_NAMES, row, strict=True)) for row in table]
    assert numbers.verdict is RowsVerdict.COMPLETE


def test_a_row_without_a_line_is_missing(tmp_path: Path) -> None:
    """A result that lacks a row must not be called complete."""
    content = as_csv([("", "+919800000000", ""), ("", "+919800000001", "")], ",")
    requests, invalid, _, files = prepared("kyc-by-mobile", "b.csv", content)

    rows, numbers = join(requests[:1], invalid, files, tmp_path)

    assert [row["courier_status"] for row in rows] == ["verified", "missing"]
    assert rows[1]["courier_reason"] == "the provider returned no row for it"
    assert numbers.verdict is RowsVerdict.UNACCOUNTED


def test_a_line_without_a_record_is_unexpected(tmp_path: Path) -> None:
    """It would be somebody else's answer."""
    content = as_csv([("", "+919800000000", "")], ",")
    (request,), invalid, _, files = prepared("kyc-by-mobile", "b.csv", content)
    other = BatchRequest(request.type, request.body, (7,))

    _, numbers = join([request, other], invalid, files, tmp_path)

    assert (numbers.unexpected, numbers.verdict) == (1, RowsVerdict.CONTRADICTORY)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(json.dumps({f"n{n}": "" for n in range(1001)}), id="names"),
        pytest.param(json.dumps({"note": "x" * 70_000}), id="a long value"),
        pytest.param(json.dumps({"note": "\0"}), id="a NUL"),
    ],
)
def test_an_object_that_is_no_record_is_refused_before_it_is_paid(line: str) -> None:
    """What cannot stand in a table could not come back in one."""
    content = f'{{"mobile": "+919800000000"}}\n{line}\n'.encode()

    with pytest.raises(SourceNotText, match=r"^record 2 \(line 2\): "):
        prepared("kyc-by-mobile", "b.jsonl", content)


def test_answers_of_too_many_members_are_not_joined(tmp_path: Path) -> None:
    """A table that nobody can open is no help; the lines are delivered."""
    source = tmp_path / "result.jsonl"
    result = {f"n{n}": n for n in range(1001)}
    source.write_text(json.dumps({"row": 1, "outcome": "succeeded", "result": result}))

    with pytest.raises(RowsUnjoinable, match="more than 1,000 members"):
        copy_lines("result", source, tmp_path / "copy.csv")
