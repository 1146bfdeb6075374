"""Join: write the uploader's records with the verdict beside each.

Inputs are the work files of Prepare and the provider's results, outputs a CSV and a
Parquet file, and exact numbers: all of them are counted from the joined rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from functions.core.file_formats import JSON_LINES
from functions.core.rows import (
    JOINED_KIND,
    JOINED_PARQUET_KIND,
    JOINED_SPREADSHEET_KIND,
    JoinedRows,
)
from functions.joining.column_names import joined_columns, provider_columns
from functions.joining.database import Bounds, Database, exact_csv, name, text
from functions.joining.matching import match_result
from functions.joining.remembered_file import load_remembered
from functions.joining.result_file import ResultFile, copy_result
from functions.joining.row_lines import copy_lines, match_lines
from functions.joining.safe_cells import safe_columns
from functions.joining.verdicts import Verdicts, write_verdicts

#: The columns of `records.csv` before the uploader's cells.
RECORD_COLUMNS = ("record", "status", "reason", "duplicate_of", "value")
_MISSING_REASON = "the provider returned no row for it"
_CSV, _PARQUET = "csv, HEADER, NULLSTR ''", "parquet, COMPRESSION zstd"
_COPIES = {JSON_LINES.suffix: copy_lines}
#: The most rows of a result that are named because they belong to no record.
_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Table:
    """What Prepare says about the uploaded table, in `table.json`."""

    header: tuple[str, ...]
    width: int


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The files of a join by their kinds, and what became of the records."""

    files: Mapping[str, Path]
    rows: JoinedRows
    verdicts: Verdicts | None = None


@dataclass(frozen=True, kw_only=True)
class Join:
    """One join of records with results.

    `results` are files by kind, in the order in which a list names a record: the
    first one that has it. `complete` are kinds that have every row and are no lists;
    where one is `lacking`, some shards of the list did not deliver it. `remembered` is
    what Prepare has recalled. Written besides are with `tells_verdicts` what can be
    remembered, with `spreadsheet_safe` a CSV in which no cell is a formula.
    """

    records: Path
    table: Table
    results: Mapping[str, Path]
    complete: Sequence[str]
    provider: str
    type: str
    lacking: Sequence[str] = ()
    remembered: Path | None = None
    tells_verdicts: bool = False
    spreadsheet_safe: bool = False
    bounds: Bounds = field(default_factory=Bounds)

    def write(self, folder: Path) -> Joined:
        """Write the joined files into an empty folder.

        Raises:
            RowsUnjoinable: A file is not a table, or the database failed.
        """
        with Database.opened(folder, self.bounds) as database:
            files = [
                _COPIES.get(path.suffix, copy_result)(
                    kind, path, folder / f"{kind}.exact.csv"
                )
                for kind, path in self.results.items()
            ]
            self._read_records(database)
            for file in files:
                if not match_lines(database, file):
                    match_result(database, file, self.type)
            bases = [file for file in files if self._is_whole(file)] or files
            lists = [file for file in files if file.kind not in self.complete]
            recalled = load_remembered(database, self.remembered)
            theirs = self._write_verdicts(database, [*bases, *recalled])
            self._write_lists(database, lists)
            names = self._write_joined(database, theirs)
            written = {
                JOINED_KIND: ("joined", _CSV),
                JOINED_PARQUET_KIND: ("joined", _PARQUET),
            }
            if self.spreadsheet_safe:
                safe = f"(SELECT {safe_columns(names)} FROM joined)"
                written[JOINED_SPREADSHEET_KIND] = (safe, _CSV)
            paths = {kind: folder / kind for kind in written}
            for kind, (table, form) in written.items():
                target = text(str(paths[kind]))
                database.run(f"COPY {table} TO {target} (FORMAT {form})")
            rows = self._count(database, bases)
            verdicts = None
            if self.tells_verdicts:
                verdicts = write_verdicts(database, theirs, folder / "verdicts")
        return Joined(files=paths, rows=rows, verdicts=verdicts)

    @property
    def _cells(self) -> tuple[str, ...]:
        """The columns of `records.csv` that have the uploader's cells."""
        return tuple(f"c{n}" for n in range(1, self.table.width + 1))

    def _is_whole(self, file: ResultFile) -> bool:
        return file.kind in self.complete and file.kind not in self.lacking

    def _read_records(self, database: Database) -> None:
        source = exact_csv(self.records, (*RECORD_COLUMNS, *self._cells))
        original = "CAST(nullif(nullif(duplicate_of, ''), '0') AS BIGINT)"
        database.run(
            "CREATE TABLE records AS SELECT * REPLACE (CAST(record AS BIGINT) AS "
            f"record, {original} AS duplicate_of) FROM {source}"
        )
        database.run(
            "CREATE TABLE sent AS SELECT record, value FROM records "
            "WHERE status = 'sent'"
        )
        database.run("CREATE TABLE remarks (record BIGINT, reason VARCHAR)")

    def _write_verdicts(
        self, database: Database, bases: Sequence[ResultFile]
    ) -> tuple[str, ...]:
        """Write the table `verdicts`, a row for each record; return its columns' names.

        A record that several results have gets its row of the first one.
        """
        theirs = tuple(
            dict.fromkeys(n for file in bases for n in provider_columns(file.header))
        )
        columns = "".join(f", t{n} VARCHAR" for n in range(1, len(theirs) + 1))
        database.run(f"CREATE TABLE verdicts (record BIGINT{columns})")
        for file in bases:
            titles = provider_columns(file.header)
            own = dict(zip(titles, file.columns[1:], strict=True))
            cells = "".join(f", {own.get(name, text(''))}" for name in theirs)
            database.run(
                f"INSERT INTO verdicts SELECT record{cells} "
                f"FROM {file.table} AS result JOIN {file.matches} AS matched "
                "ON matched.row = CAST(result.row AS BIGINT) "
                "ANTI JOIN verdicts USING (record)"
            )
        return theirs

    def _write_lists(self, database: Database, lists: Sequence[ResultFile]) -> None:
        """Add to the table `lists` the first list of results that has a record."""
        for file in lists:
            database.run(
                f"INSERT INTO lists SELECT record, {text(file.kind)} "
                f"FROM {file.matches} ANTI JOIN lists USING (record)"
            )

    def _write_joined(
        self, database: Database, theirs: Sequence[str]
    ) -> tuple[str, ...]:
        """Write the table `joined` in the records' order; return its columns' names."""
        names = joined_columns(
            self.table.header,
            width=self.table.width,
            provider=self.provider,
            theirs=theirs,
        )
        original = "coalesce(duplicate_of, records.record)"
        no_verdict = "status IN ('sent', 'remembered') AND verdicts.record IS NULL"
        is_missing = f"{no_verdict} AND remarks.record IS NULL"
        status = (
            f"CASE WHEN {is_missing} THEN 'missing' WHEN {no_verdict} THEN 'failed' "
            "WHEN status = 'sent' THEN 'verified' ELSE status END"
        )
        values = (
            "records.record",
            status,
            f"if({is_missing}, {text(_MISSING_REASON)}, "  # noqa: ISC004 - one value
            "coalesce(remarks.reason, records.reason))",
            "coalesce(list, '')",
            "coalesce(CAST(duplicate_of AS VARCHAR), '')",
            *self._cells,
            *(f"coalesce(t{n}, '')" for n in range(1, len(theirs) + 1)),
        )
        selected = ", ".join(
            f"{value} AS {name(title)}"
            for value, title in zip(values, names, strict=True)
        )
        database.run(
            f"CREATE TABLE joined AS SELECT {selected} FROM records "
            f"LEFT JOIN verdicts ON verdicts.record = {original} "
            f"LEFT JOIN lists ON lists.record = {original} "
            f"LEFT JOIN remarks ON remarks.record = {original} "
            "ORDER BY records.record"
        )
        return names

    def _count(self, database: Database, bases: Sequence[ResultFile]) -> JoinedRows:
        """Count what stands in the joined rows, and the results' rows beside them."""
        statuses = dict(
            database.rows("SELECT courier_status, count(*) FROM joined GROUP BY ALL")
        )
        reasons = dict(
            database.rows(
                "SELECT courier_reason, count(*) FROM joined "
                "WHERE courier_status = 'not_sent' GROUP BY ALL ORDER BY ALL"
            )
        )
        returned, missing, failed = (
            statuses.get(status, 0) for status in ("verified", "missing", "failed")
        )
        unexpected = 0
        rows: list[tuple[int]] = []
        for file in bases:
            foreign = (
                f"FROM {file.table} AS result ANTI JOIN {file.matches} AS matched "
                "ON matched.row = CAST(result.row AS BIGINT)"
            )
            unexpected += database.number(f"SELECT count(*) {foreign}")
            rows += database.rows(
                f"SELECT CAST(row AS BIGINT) {foreign} ORDER BY 1 LIMIT {_NAMED}"
            )
        return JoinedRows(
            records=sum(statuses.values()),
            blank=statuses.get("blank", 0),
            duplicates=statuses.get("duplicate", 0),
            not_sent=reasons,
            remembered=statuses.get("remembered", 0),
            sent=returned + missing + failed,
            returned=returned,
            missing=missing,
            failed=failed,
            unexpected=unexpected,
            unexpected_rows=tuple(row for (row,) in rows[:_NAMED]),
            # Of what was not sent there is no result.
            is_whole=not bases or any(self._is_whole(file) for file in bases),
        )
