"""Verdicts: the provider's rows of the values that were sent, as a join found them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from functions.joining.database import Database, text


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """A file of exact CSV: the value, the list that has it, and the provider's cells.

    Only what is in a list of the provider has a verdict. `columns` are the names of the
    provider's cells.
    """

    path: Path
    columns: tuple[str, ...]

    def rows(self) -> Iterator[list[str]]:
        """Yield the value, the list and the provider's cells of each."""
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, strict=True)
            next(rows)
            yield from rows


def write_verdicts(database: Database, theirs: Sequence[str], path: Path) -> Verdicts:
    """Write the verdicts of what was sent, from the tables of a join.

    What is in none of the provider's lists it has not classed, and has no verdict; nor
    has what does not fit the type: it has a reason.
    """
    cells = "".join(f", t{n}" for n in range(1, len(theirs) + 1))
    database.run(
        f"COPY (SELECT value, list{cells} FROM records "
        "JOIN verdicts USING (record) JOIN lists USING (record) "
        "WHERE status = 'sent' AND reason = '' ORDER BY record) "
        f"TO {text(str(path))} (FORMAT csv, HEADER, FORCE_QUOTE *)"
    )
    return Verdicts(path=path, columns=tuple(theirs))
