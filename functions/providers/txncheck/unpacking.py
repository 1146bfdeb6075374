"""TxnCheck's unpacking: split the result of a request by the rows it was made from."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from functions.core.errors import AnswerUnreadable
from functions.core.strict_json import parse, parse_answer
from functions.providers.txncheck.request_bodies import BULK


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
    parts = []
    for start, size in _row_ranges(request):
        counts: Counter[str] = Counter()
        for vpa in request["vpas"][start : start + size]:
            folded = vpa.casefold()  # an answer may change its case [I]
            counts["blocklisted"] += folded in blocklisted
            counts["clean"] += folded in clean - blocklisted
        counts["unlisted"] = size - counts.total()
        verdict = next((word for word in counts if counts[word] == size), "mixed")
        parts.append({**counts, "verdict": verdict})
    return tuple(parts)


def _row_ranges(request: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Yield where the VPAs of each row begin in the request, and how many they are."""
    if "rowSizes" in request:  # of 0.1.0, in which no rows share VPAs
        sizes = request["rowSizes"]
        yield from zip(accumulate(sizes, initial=0), sizes, strict=False)
    else:
        yield from request["rowRanges"]


def _listed_vpas(document: Mapping[str, Any], name: str) -> frozenset[str]:
    result = document.get("result")
    listed = result.get(name) if isinstance(result, dict) else None
    if not isinstance(listed, list) or not all(isinstance(vpa, str) for vpa in listed):
        raise AnswerUnreadable(f"the result has no list of VPAs named {name}")
    return frozenset(vpa.casefold() for vpa in listed)
