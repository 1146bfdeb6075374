"""TxnCheck's batches: make requests from the rows of a file, and split results by row.

Rows of VPAs share bulk requests of up to a hundred VPAs, because each request counts
against the rate limit; the body notes the number of VPAs of each row in `rowSizes`,
which is never sent. Every other row is a request of its own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from functions.core.errors import AnswerUnreadable, SourceEmpty
from functions.core.source import Source
from functions.core.strict_json import parse, parse_answer
from functions.providers.protocol import BatchRequest, InvalidRow
from functions.providers.table_reader import TableRow, read_rows
from functions.providers.txncheck.request_bodies import (
    BULK,
    MAX_VPAS,
    RequestBodies,
    compact_json,
    describe_errors,
)


def pack(
    request_bodies: RequestBodies, type_: str, name: str, source: Source
) -> Iterator[BatchRequest | InvalidRow]:
    """Yield requests for the rows of a file (see `BatchProvider.pack`).

    The VPAs of a row stay in one request. A bulk request is yielded once it is full,
    perhaps after invalid rows that follow it in the file.
    """
    request_type = request_bodies.request_type(type_)
    takes_vpas = "vpas" in request_type.required
    required = ("vpa",) if takes_vpas else request_type.required
    bulk = _BulkRequest()
    number = 0
    rows = read_rows(name, source, required=required, optional=request_type.optional)
    with closing(rows):
        for number, row in enumerate(rows, start=1):
            if row.error:
                yield InvalidRow(number, (), row.error)
                continue
            fields, errors = _validate(request_bodies, type_, row, takes_vpas)
            if errors:
                yield InvalidRow(number, tuple(errors), describe_errors(errors))
            elif not takes_vpas:
                yield BatchRequest(type_, compact_json(fields), (number,))
            else:
                if len(bulk.vpas) + len(fields["vpas"]) > MAX_VPAS:
                    yield bulk.to_request()
                    bulk = _BulkRequest()
                bulk.add(number, fields["vpas"])
    if bulk.rows:
        yield bulk.to_request()
    if not number:
        raise SourceEmpty("the file has no rows")


def unpack(type_: str, body: bytes, result: bytes) -> tuple[Mapping[str, Any], ...]:
    """Split a request's result by row (see `BatchProvider.unpack`).

    A row of VPAs gets the number of its VPAs that are `blocklisted`, `clean` and
    `unlisted` (in neither list), and a `verdict`: the one of these words that is true
    of all its VPAs, else `mixed`. The VPAs themselves are left out, since the batch
    has them. Any other row gets the whole document.
    """
    document = parse_answer(result)
    if type_ != BULK:
        return (document,)

    request = parse(body)
    blocklisted = _listed_vpas(document, "blocklisted")
    clean = _listed_vpas(document, "clean")
    parts, start = [], 0
    for size in request["rowSizes"]:
        counts: Counter[str] = Counter()
        for vpa in request["vpas"][start : start + size]:
            folded = vpa.casefold()  # an answer may change its case [I]
            counts["blocklisted"] += folded in blocklisted
            counts["clean"] += folded in clean - blocklisted
        counts["unlisted"] = size - counts.total()
        verdict = next((word for word in counts if counts[word] == size), "mixed")
        parts.append({**counts, "verdict": verdict})
        start += size
    return tuple(parts)


class _BulkRequest:
    """A bulk request that is being filled with rows."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.vpas: list[str] = []
        self._row_sizes: list[int] = []

    def add(self, row: int, vpas: list[str]) -> None:
        self.rows.append(row)
        self.vpas += vpas
        self._row_sizes.append(len(vpas))

    def to_request(self) -> BatchRequest:
        body = compact_json({"vpas": self.vpas, "rowSizes": self._row_sizes})
        return BatchRequest(BULK, body, tuple(self.rows))


def _validate(
    request_bodies: RequestBodies, type_: str, row: TableRow, takes_vpas: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of the request, or the errors by field of the row."""
    fields = dict(row.fields)
    has_single_vpa = takes_vpas and fields.get("vpa") is not None
    if has_single_vpa:
        if fields.get("vpas") is not None:
            error = "only one of the two may be given"
            return {}, {"vpa": error, "vpas": error}
        fields["vpas"] = [fields["vpa"]]
    errors = request_bodies.field_errors(type_, fields)
    if errors and has_single_vpa:
        errors = {"vpa": "must be of the form name@handle"}
    return ({} if errors else request_bodies.valid_fields(type_, fields)), errors


def _listed_vpas(document: Mapping[str, Any], name: str) -> frozenset[str]:
    result = document.get("result")
    listed = result.get(name) if isinstance(result, dict) else None
    if not isinstance(listed, list) or not all(isinstance(vpa, str) for vpa in listed):
        raise AnswerUnreadable(f"the result has no list of VPAs named {name}")
    return frozenset(vpa.casefold() for vpa in listed)
