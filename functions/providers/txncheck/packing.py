"""TxnCheck's packing: make requests from the rows of a batch, equal ones only once.

Rows of VPAs share bulk requests of up to a hundred VPAs, because each request counts
against the rate limit; the body notes in `rowRanges`, which is never sent, where the
VPAs of each row begin, and how many they are. Any other row is a request of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from functions.core.errors import SourceEmpty
from functions.core.source import RecordKeeper, Source
from functions.core.strict_json import parse
from functions.providers.protocol import BatchRequest, InvalidRow
from functions.providers.txncheck.request_bodies import (
    BULK,
    MAX_VPAS,
    RequestBodies,
    compact_json,
    describe_errors,
)
from functions.tables.named_rows import read_rows


def pack(
    request_bodies: RequestBodies,
    type_: str,
    name: str,
    source: Source,
    *,
    by_record: bool = True,
    keeper: RecordKeeper | None = None,
) -> Iterator[BatchRequest | InvalidRow]:
    """Yield the invalid rows of a file, then its requests (see `BatchProvider.pack`).

    The VPAs of a row stay in one request.
    """
    request_type = request_bodies.request_type(type_)
    takes_vpas = "vpas" in request_type.required
    required = ("vpa",) if takes_vpas else request_type.required
    rows = read_rows(
        name,
        source,
        required=required,
        optional=request_type.optional,
        keeper=keeper,
    )
    numbers: dict[tuple[bytes, int], list[int]] = {}  # of the rows of each body
    count = 0
    for count, row in enumerate(rows, start=1):
        number = row.number if by_record else count
        if row.error:
            yield InvalidRow(number, (), row.error, row.line)
            continue
        fields, errors = _validate(request_bodies, type_, row.fields, takes_vpas)
        if errors:
            yield InvalidRow(number, tuple(errors), describe_errors(errors), row.line)
            continue
        key = compact_json(fields), 0 if by_record else number
        numbers.setdefault(key, []).append(number)
    if not count:
        raise SourceEmpty("the file has no rows")
    equal_rows = ((body, rows) for (body, _), rows in numbers.items())
    if takes_vpas:
        yield from _bulk_requests(equal_rows)
    else:
        for body, row_numbers in equal_rows:
            yield BatchRequest(
                type_, body, tuple(row_numbers), _duplicates(row_numbers)
            )


def _duplicates(equal_rows: Sequence[int]) -> dict[int, int]:
    """Return the first of equal rows, by the numbers of the others."""
    first, *others = equal_rows
    return dict.fromkeys(others, first)


def _bulk_requests(
    equal_rows: Iterable[tuple[bytes, Sequence[int]]],
) -> Iterator[BatchRequest]:
    bulk = _BulkRequest()
    for body, numbers in equal_rows:
        vpas = parse(body)["vpas"]
        if len(bulk.vpas) + len(vpas) > MAX_VPAS:
            yield bulk.to_request()
            bulk = _BulkRequest()
        bulk.add(numbers, vpas)
    if bulk.vpas:
        yield bulk.to_request()


class _BulkRequest:
    """A bulk request that is being filled with rows."""

    def __init__(self) -> None:
        self.vpas: list[str] = []
        self._ranges: dict[int, tuple[int, int]] = {}
        self._duplicates: dict[int, int] = {}

    def add(self, numbers: Sequence[int], vpas: Sequence[str]) -> None:
        """Add equal rows, which have the same VPAs."""
        self._ranges |= dict.fromkeys(numbers, (len(self.vpas), len(vpas)))
        self._duplicates |= _duplicates(numbers)
        self.vpas += vpas

    def to_request(self) -> BatchRequest:
        """Return the request, its rows in order."""
        rows = sorted(self._ranges)
        ranges = [self._ranges[row] for row in rows]
        body = compact_json({"vpas": self.vpas, "rowRanges": ranges})
        return BatchRequest(
            BULK, body, tuple(rows), self._duplicates, values=len(self.vpas)
        )


def _validate(
    request_bodies: RequestBodies,
    type_: str,
    row: Mapping[str, object],
    takes_vpas: bool,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of the request, or the errors by field of the row."""
    fields = dict(row)
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
