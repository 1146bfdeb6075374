"""Rows: define what is counted of a list, and what the numbers prove."""

from dataclasses import dataclass
from enum import StrEnum


class RowsVerdict(StrEnum):
    """Whether the numbers of rows sent and received fit together."""

    NONE = "none"  # no manifest was written
    COMPLETE = "complete"  # as many were received as were sent, or as are different
    UNACCOUNTED = "unaccounted"  # fewer were received, for a reason that is not proven
    CONTRADICTORY = "contradictory"  # more were received than is possible, or none
    UNKNOWN = "unknown"  # no result has every row, or it is not known what was sent


@dataclass(frozen=True)
class RowCount:
    """The number of rows of a list, and of different ones; 0 if it is not known."""

    rows: int = 0
    distinct_rows: int = 0


def verdict_on(sent: RowCount, *, total: int | None, largest: int = 0) -> RowsVerdict:
    """Return what the numbers prove.

    `total` is the number of rows of the result that has every row, None if there is no
    such result, and `largest` that of the result with the most rows. A provider may
    remove duplicates. Of fewer rows than that leaves, numbers cannot tell whether the
    provider took more rows for duplicates or lost some.
    """
    if total is None:
        return RowsVerdict.UNKNOWN
    if largest > total or (sent.rows and not 0 < total <= sent.rows):
        return RowsVerdict.CONTRADICTORY
    if not sent.rows:
        return RowsVerdict.UNKNOWN
    # `distinct_rows` is 0 where it was not counted, and `total` is not.
    if total in (sent.rows, sent.distinct_rows):
        return RowsVerdict.COMPLETE
    return RowsVerdict.UNACCOUNTED
