"""Join: what cannot be joined as a whole is not joined at all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from functions.core.errors import RowsUnjoinable
from functions.core.model import File, Job, PreparedList
from functions.join import join

_JOB = Job(
    job_id="j",
    provider="p",
    type="email",
    kinds=("all",),
    files=(File(kind="all", key="all.csv"),),
    prepared=PreparedList(
        key="k", records_version_id="r", table_version_id="t", records=1, sent=1
    ),
)


class Files:
    """Work files and results in memory, which nothing is written into."""

    def __init__(self) -> None:
        self.content = {
            "records.csv": b'"record","status","reason","duplicate_of","value","c1"\n'
            b'"1","sent","","","a@x.test","a@x.test"\n',
            "table.json": json.dumps({"header": ["mail"], "width": 1}).encode(),
            "all.csv": b"mail\na@x.test\n",
        }

    def chunks(self, named: Any, _version_id: str = "") -> Iterator[bytes]:  # noqa: ANN401 - a name, or an object with a key
        """Yield what is stored."""
        yield self.content[getattr(named, "key", named)]


def join_files(job: Job, files: Files, folder: Path) -> Job:
    """Join in a folder."""
    stores = {name: cast("Any", files) for name in ("results", "batch_store")}
    return join(job, **stores, folder=folder)


def test_nothing_is_joined_while_a_result_is_missing(tmp_path: Path) -> None:
    """The manifest refuses such a job; its retry has all results, and joins them."""
    incomplete = _JOB.with_(files=(File(kind="all", error="LinkRefused"),))

    assert join_files(incomplete, Files(), tmp_path) == incomplete


@pytest.mark.parametrize(("records", "sent"), [(2, 1), (1, 2)])
def test_other_records_than_were_prepared_are_not_joined(
    tmp_path: Path, records: int, sent: int
) -> None:
    """Records that were lost would be missing in what their owner gets back."""
    prepared = replace(_JOB.prepared, records=records, sent=sent)

    with pytest.raises(RowsUnjoinable, match="not the one that was prepared"):
        join_files(_JOB.with_(prepared=prepared), Files(), tmp_path)
