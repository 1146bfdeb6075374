"""Matching: find the row of a result that belongs to each value that was sent.

A provider returns its rows in an order of its own, and may write a value in another
way than it was sent. What is equal is matched by the database; only what is left over
is compared by its match key.
"""

from collections import Counter
from collections.abc import Mapping

from functions.joining.database import Database
from functions.joining.result_file import ResultFile
from functions.tables.values import match_key, unfit_reason

#: The rows in which the column of the values is looked for.
_SAMPLE_ROWS = 1000


def match_result(database: Database, result: ResultFile, type_: str) -> None:
    """Write the table `result.matches`: a record that was sent, and its row.

    Of several rows with one value, the first counts. The table `sent` has the columns
    `record` and `value`.
    """
    column = _value_column(database, result, type_)
    database.run(
        "CREATE TABLE returned AS SELECT CAST(row AS BIGINT) AS row, "
        f"{column or 'NULL'} AS value FROM {result.table}"
    )
    database.run(
        f"CREATE TABLE {result.matches} AS SELECT record, min(row) AS row "
        "FROM sent JOIN returned USING (value) GROUP BY record"
    )
    if column:
        _match_left_over(database, result.matches, type_)
    database.run("DROP TABLE returned")


def _value_column(database: Database, result: ResultFile, type_: str) -> str | None:
    """Return the column in which most values were sent; None if there is none.

    Which one it is, only its content says: names and places are not documented.
    """
    sample = database.rows(f"SELECT * FROM {result.table} LIMIT {_SAMPLE_ROWS}")
    cells = [
        (column, str(cell))
        for _, *row in sample
        for column, cell in zip(result.columns[1:], row, strict=True)
        if cell
    ]
    database.load("sampled", ("column", "value"), cells)
    equal = dict(
        database.rows(
            "SELECT sampled.column, count(*) FROM sampled JOIN sent USING (value) "
            "GROUP BY ALL"
        )
    )
    database.run("DROP TABLE sampled")
    best = _most_frequent(equal)
    if best and 2 * equal[best] >= sum(column == best for column, _ in cells):
        return best

    keys: dict[str, Counter[str]] = {}
    for column, cell in cells:
        keys.setdefault(_key(type_, cell), Counter())[column] += 1
    found: Counter[str] = Counter()
    for (value,) in database.rows("SELECT value FROM sent"):
        found.update(keys.get(_key(type_, value), {}))
    return _most_frequent(found)


def _most_frequent(counts: Mapping[str, int]) -> str | None:
    """Return the column with the highest count, the first of several."""
    return max(
        counts, key=lambda column: (counts[column], -int(column[1:])), default=None
    )


def _match_left_over(database: Database, matches: str, type_: str) -> None:
    """Add to `matches` what is equal only by its match key."""
    left_sent = f"FROM sent ANTI JOIN {matches} USING (record)"
    left_returned = f"FROM returned ANTI JOIN {matches} USING (row)"
    if not all(
        database.number(f"SELECT count(*) {left}")
        for left in (left_sent, left_returned)
    ):
        return
    for table, number, left in (
        ("sent_keys", "record", left_sent),
        ("returned_keys", "row", left_returned),
    ):
        rows = database.rows(f"SELECT {number}, value {left}")
        keys = ((n, _key(type_, value)) for n, value in rows)
        database.load(table, ("number", "key"), keys)
    database.run(
        f"INSERT INTO {matches} SELECT CAST(sent_keys.number AS BIGINT), "
        "min(CAST(returned_keys.number AS BIGINT)) "
        "FROM sent_keys JOIN returned_keys USING (key) GROUP BY sent_keys.number"
    )
    database.run("DROP TABLE sent_keys; DROP TABLE returned_keys")


def _key(type_: str, cell: str) -> str:
    """Return a cell's match key; what is no value of the type is compared as it is."""
    return cell if unfit_reason(type_, cell) else match_key(type_, cell)
