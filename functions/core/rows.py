"""Rows: define what is counted of a list, and what the numbers prove."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

#: The kinds of files with the joined rows: CSV, Parquet, and CSV for spreadsheets.
JOINED_KINDS = ("joined", "joined-parquet", "joined-spreadsheet")
JOINED_KIND, JOINED_PARQUET_KIND, JOINED_SPREADSHEET_KIND = JOINED_KINDS


class RowsVerdict(StrEnum):
    """Whether the numbers of rows sent and received fit together."""

    NONE = "none"  # no manifest was written
    COMPLETE = "complete"  # as many were received as were sent, or as are different
    UNACCOUNTED = "unaccounted"  # fewer were received, for a reason that is not proven
    CONTRADICTORY = "contradictory"  # more were received than is possible, or none
    UNKNOWN = "unknown"  # no result has every row, or it is not known what was sent
    INCOMPLETE = "incomplete"  # joined with results that need not have every row
    UNJOINED = "unjoined"  # the records could not be joined with the results


@dataclass(frozen=True)
class RowCount:
    """The number of rows of a list, and of different ones; 0 if it is not known.

    `values` is how many the provider counts, if a row has several.
    """

    rows: int = 0
    distinct_rows: int = 0
    values: int = 0


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


@dataclass(frozen=True, kw_only=True)
class JoinedRows:
    """What became of the records of a list or batch, as counted in the joined file.

    `unexpected` rows of the results belong to no record; `unexpected_rows` are the
    numbers of the first of them. `is_whole` is whether there was a result that has
    every row. Of a list that could not be joined only the `error` is known, by its
    name; what is not to be joined has not even that.
    """

    records: int = 0
    blank: int = 0
    duplicates: int = 0
    not_sent: Mapping[str, int] = field(default_factory=dict)  # by reason
    remembered: int = 0  # have a verdict of an earlier job
    sent: int = 0
    returned: int = 0
    missing: int = 0
    failed: int = 0  # of a batch: the provider has no verdict, and says why
    unexpected: int = 0
    unexpected_rows: tuple[int, ...] = ()
    is_whole: bool = True
    error: str = ""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read the numbers, ignoring fields of a newer deployment."""
        names = {definition.name for definition in fields(cls)}
        values = {name: value for name, value in state.items() if name in names}
        values["unexpected_rows"] = tuple(values.get("unexpected_rows", ()))
        return cls(**values)

    @property
    def verdict(self) -> RowsVerdict:
        """What the numbers prove: they count rows, and not lines of files."""
        if self.error:
            return RowsVerdict.UNJOINED
        unsent = self.blank + self.duplicates + self.remembered
        accounted = unsent + sum(self.not_sent.values())
        if (
            self.unexpected
            or self.records != accounted + self.sent
            or self.sent != self.returned + self.missing + self.failed
        ):
            return RowsVerdict.CONTRADICTORY
        if not self.is_whole:
            return RowsVerdict.INCOMPLETE
        return RowsVerdict.UNACCOUNTED if self.missing else RowsVerdict.COMPLETE


#: Of a job whose results are not joined, or not yet.
NOT_JOINED = JoinedRows()
