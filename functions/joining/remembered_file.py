"""Remembered file: read what Prepare has recalled as if it were one more result."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from functions.joining.database import Database, write_exact_csv
from functions.joining.result_file import ResultFile

#: The kind of the file among the results, none of which has this name.
_KIND = "remembered"


def load_remembered(database: Database, source: Path | None) -> Sequence[ResultFile]:
    """Return what was recalled as a result that is matched, if there is anything.

    Begin the table `lists` with the lists that its records were in.
    """
    database.run("CREATE TABLE lists (record BIGINT, list VARCHAR)")
    if source is None:
        return ()
    header: dict[str, None] = {}
    for line in _lines(source):
        header |= dict.fromkeys(line["row"])
    names = tuple(header)
    rows = (
        (line["record"], *(line["row"].get(name, "") for name in names))
        for line in _lines(source)
    )
    result = ResultFile(kind=_KIND, path=source.with_suffix(".csv"), header=names)
    write_exact_csv(result.path, ("row", *names), rows)
    lists = ((line["record"], line["list"]) for line in _lines(source))
    database.load("remembered_lists", ("record", "list"), lists)
    number = "CAST(record AS BIGINT)"
    database.run(f"INSERT INTO lists SELECT {number}, list FROM remembered_lists")
    database.run(
        f"CREATE TABLE {result.matches} AS SELECT record, record AS row FROM lists"
    )
    return (result,)


def _lines(source: Path) -> Iterator[Any]:
    with source.open("rb") as file:
        yield from map(json.loads, file)
