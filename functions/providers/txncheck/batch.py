"""TxnCheck's rows: requests made of a batch, and a result given back to its rows.

A file with many VPAs costs one request for each hundred: rows are packed into bulk
requests, whose body says in `rowSizes`, which is never sent, how many VPAs each row
has. Other rows are a request each.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from functions.core.errors import AnswerUnreadable, SourceEmpty
from functions.core.strict_json import parse
from functions.providers.protocol import BatchRequest, InvalidRow, Source
from functions.providers.strict_json import parse_object
from functions.providers.table_reader import TableRow, read_rows
from functions.providers.txncheck.request_bodies import (
    BULK,
    MAX_VPAS,
    RequestBodies,
    compact_json,
    describe_errors,
)

_ONE_VPA = "must be of the form name@handle"


def pack(
    requests: RequestBodies, type_: str, name: str, source: Source
) -> Iterator[BatchRequest | InvalidRow]:
    """See `Batching.pack`; a row's VPAs stay together, and may come twice.

    Each refused row is told where it stands; a bulk request comes when it is full,
    and so perhaps after refusals of later rows.
    """
    method = requests.api_method(type_)
    of_vpas = "vpas" in method.required
    needed = ("vpa",) if of_vpas else method.required
    waiting = _Bulk()
    number = 0
    rows = read_rows(name, source, required=needed, optional=method.optional)
    with closing(rows):
        for number, row in enumerate(rows, start=1):
            given, faults = _judged(requests, type_, row, of_vpas=of_vpas)
            if faults:
                yield InvalidRow(number, tuple(faults), describe_errors(faults))
            elif row.error:
                yield InvalidRow(number, (), row.error)
            elif not of_vpas:
                yield BatchRequest(type_, compact_json(given), (number,))
            else:
                if len(waiting.vpas) + len(given["vpas"]) > MAX_VPAS:
                    yield waiting.packed()
                    waiting = _Bulk()
                waiting.add(number, given["vpas"])
    if waiting.rows:
        yield waiting.packed()
    if not number:
        raise SourceEmpty("the file has no rows")


def unpack(type_: str, body: bytes, result: bytes) -> tuple[Mapping[str, Any], ...]:
    """See `Batching.unpack`.

    A row of VPAs gets how many of them are `blocklisted`, `clean` and `unlisted`
    (in neither list), and the `verdict`: one of these words where it is true of
    all, else `mixed`. No VPA is repeated: the row in the batch has them. Any other
    row gets the whole document, since every part of it is about that row.
    """
    document = parse_object(result)
    request = parse(body)
    if type_ != BULK:
        return (document,)

    found = document.get("result")
    blocklisted, clean = _listed(found, "blocklisted"), _listed(found, "clean")
    parts, begins = [], 0
    for size in request["rowSizes"]:
        counts: Counter[str] = Counter()
        for vpa in request["vpas"][begins : begins + size]:
            folded = vpa.casefold()  # an answer may write it otherwise [I]
            # Who is in both lists is not clean.
            counts["blocklisted"] += folded in blocklisted
            counts["clean"] += folded in clean - blocklisted
        counts["unlisted"] = size - counts.total()
        parts.append({**counts, "verdict": _verdict(counts, size)})
        begins += size
    return tuple(parts)


class _Bulk:
    """A bulk request that is being filled."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.vpas: list[str] = []
        self._sizes: list[int] = []

    def add(self, row: int, vpas: Sequence[str]) -> None:
        self.rows.append(row)
        self.vpas += vpas
        self._sizes.append(len(vpas))

    def packed(self) -> BatchRequest:
        body = compact_json({"vpas": self.vpas, "rowSizes": self._sizes})
        return BatchRequest(BULK, body, tuple(self.rows))


def _judged(
    requests: RequestBodies, type_: str, row: TableRow, *, of_vpas: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Give a row's fields, or what is wrong with them in the row's own words."""
    if row.error:
        return {}, {}
    given: dict[str, object] = dict(row.fields)
    single = of_vpas and given.get("vpa") is not None
    if single and given.get("vpas") is not None:
        return {}, dict.fromkeys(("vpa", "vpas"), "only one of the two may be given")
    if single:
        given["vpas"] = [given["vpa"]]
    faults = requests.field_errors(type_, given)
    if faults and single:
        faults = {"vpa": _ONE_VPA}
    return ({} if faults else requests.valid_fields(type_, given)), faults


def _listed(found: object, name: str) -> frozenset[str]:
    listed = found.get(name) if isinstance(found, dict) else None
    if not isinstance(listed, list) or not all(isinstance(vpa, str) for vpa in listed):
        raise AnswerUnreadable(f"the result has no list of VPAs called {name}")
    return frozenset(vpa.casefold() for vpa in listed)


def _verdict(counts: Mapping[str, int], size: int) -> str:
    return next((word for word, count in counts.items() if count == size), "mixed")
