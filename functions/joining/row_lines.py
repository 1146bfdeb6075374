"""Row lines: copy a batch's result, of which each line names its record by number."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.core.batch_results import INVALID
from functions.core.errors import RowsUnjoinable, advice_for
from functions.core.model import Outcome
from functions.joining.database import Database, exact_csv, write_exact_csv
from functions.joining.result_file import ResultFile

_PARTIAL_REASON = "the provider returned only a part of it"
#: The most columns of answers; a table that is read has no more either.
_MAX_COLUMNS = 1000
_REMARK_COLUMNS = ("record", "reason")


@dataclass(frozen=True, kw_only=True)
class RowLines(ResultFile):
    """A batch's result as exact CSV; `row` is the number of a record.

    `remarks` is a file of exact CSV besides: what went wrong with a record that was
    sent, in words. A record is in both if it has only a part of its verdict.
    """

    remarks: Path


def copy_lines(kind: str, source: Path, target: Path) -> RowLines:
    """Copy a result in JSON Lines, as Gather writes it.

    The members of an object in a result are columns of their own; what is nested
    deeper stands in its cell as JSON. A row that was not sent is left out, because its
    record says why.

    Raises:
        RowsUnjoinable: The results have more different members than a table columns.
    """
    names: dict[str, int] = {}
    for line in _lines(source):
        for member in _flat(line.get("result", {})):
            names.setdefault(member, len(names))
    if len(names) > _MAX_COLUMNS:
        raise RowsUnjoinable(f"the results have more than {_MAX_COLUMNS:,} members")
    write_exact_csv(target, ("row", *names), _rows(source, names))
    remarks = target.with_suffix(".remarks.csv")
    write_exact_csv(remarks, _REMARK_COLUMNS, _remarks(source))
    return RowLines(kind=kind, path=target, header=tuple(names), remarks=remarks)


def match_lines(database: Database, lines: ResultFile) -> bool:
    """Write the table `matches` of a result, and add its remarks to `remarks`.

    Return False of a result whose rows have no numbers of records.
    """
    if not isinstance(lines, RowLines):
        return False
    database.run(
        f"CREATE TABLE {lines.matches} AS SELECT record, record AS row FROM records "
        f"SEMI JOIN {lines.table} AS result ON record = CAST(result.row AS BIGINT) "
        "WHERE status IN ('sent', 'duplicate')"
    )
    remarks = exact_csv(lines.remarks, _REMARK_COLUMNS)
    database.run(
        "INSERT INTO remarks SELECT CAST(remark.record AS BIGINT), remark.reason "
        f"FROM {remarks} AS remark"
    )
    return True


def _rows(source: Path, names: Mapping[str, int]) -> Iterator[Sequence[object]]:
    for line in _lines(source):
        if "result" in line:
            cells = [""] * len(names)
            for member, value in _flat(line["result"]).items():
                cells[names[member]] = _cell(value)
            yield line["row"], *cells


def _remarks(source: Path) -> Iterator[tuple[int, str]]:
    for line in _lines(source):
        if "result" not in line:
            yield line["row"], _failure(line)
        elif line["outcome"] == Outcome.PARTIAL:
            yield line["row"], _PARTIAL_REASON


def _failure(line: Mapping[str, Any]) -> str:
    """Return why a row has no result: the error, and the provider's words or ours."""
    error = str(line["error"])
    return f"{error}: {line.get('message') or advice_for(error)}"


def _lines(source: Path) -> Iterator[Mapping[str, Any]]:
    with source.open(encoding="utf-8", newline="\n") as file:
        for text in file:
            line: Mapping[str, Any] = json.loads(text)
            if line["outcome"] != INVALID:
                yield line


def _flat(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a result, and those of an object in it by `outer.inner`."""
    flat: dict[str, Any] = {}
    for name_, value in result.items():
        if isinstance(value, dict):
            flat |= {f"{name_}.{inner}": member for inner, member in value.items()}
        else:
            flat[name_] = value
    return flat


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
