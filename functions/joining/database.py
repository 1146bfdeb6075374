"""Database: open DuckDB with bounds on what it may use, and read and write by it."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

# The package `duckdb` re-exports what is used of it here; the rest of it would be a
# tenth of Join's cold start.
import _duckdb as duckdb

from functions.core.errors import RowsUnjoinable

#: A record of 1 MiB has twice as many bytes where each is a quote.
_LONGEST_LINE = 4 * 1024 * 1024
_FETCHED_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What the database may use; what does not fit into its memory goes to the disk."""

    memory: str = "1GB"
    threads: int = 2


class Database:
    """A database of one join, in a folder that holds all of its files.

    Tables are exchanged as *exact CSV*: UTF-8 and LF, a comma between cells, each in
    quotes, and a header. No cell is a null, and all columns are text.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self.folder = folder

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, bounds: Bounds) -> Iterator[Self]:
        """Open a new database in a folder, and close it after the block.

        Raises:
            RowsUnjoinable: The database failed; its own words may quote cells.
        """
        connection = duckdb.connect(
            folder / "join.duckdb",
            config={
                "memory_limit": bounds.memory,
                "threads": bounds.threads,
                "temp_directory": str(folder / "spilled"),
                "allow_persistent_secrets": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        try:
            connection.begin()  # never committed: no table outlives the join
            yield cls(connection, folder)
        except duckdb.Error as error:
            raise RowsUnjoinable(f"the database: {type(error).__name__}") from None
        finally:
            connection.close()

    def run(self, statement: str) -> None:
        """Execute a statement."""
        self._connection.execute(statement)

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, to be read to their end before another call."""
        self._connection.execute(query)
        while rows := self._connection.fetchmany(_FETCHED_ROWS):
            yield from rows

    def number(self, query: str) -> int:
        """Return the only value of a query, an integer."""
        ((value,),) = self.rows(query)
        return int(value)

    def load(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Create a table of text columns from rows, by a file of exact CSV."""
        path = self.folder / f"{table}.csv"
        write_exact_csv(path, columns, rows)
        self.run(f"CREATE TABLE {table} AS FROM {exact_csv(path, columns)}")
        path.unlink()


def write_exact_csv(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows as exact CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def exact_csv(path: Path, columns: Sequence[str]) -> str:
    """Return SQL that reads a file of exact CSV; the columns get these names."""
    types = ", ".join(f"{text(column)}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv({text(str(path))}, auto_detect=false, header=true, "
        f"columns={{{types}}}, delim=',', quote='\"', escape='\"', "
        "nullstr='\\N', allow_quoted_nulls=false, parallel=false, "
        f"max_line_size={_LONGEST_LINE})"
    )


def name(identifier: str) -> str:
    """Return an identifier of SQL, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a string of SQL, quoted."""
    return "'" + value.replace("'", "''") + "'"
