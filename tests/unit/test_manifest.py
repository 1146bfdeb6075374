"""Manifest: the same job, the same bytes, in the form that the schema publishes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from functions.core.errors import ResultsIncomplete
from functions.core.manifest import (
    RowsVerdict,
    build_manifest,
    encode_manifest,
    reconcile_rows,
)
from functions.core.model import File, Job, Outcome
from tests.unit.strategies import error_names, files, jobs

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text("utf-8")
)
JOB = Job(job_id="j", provider="p", type="t", rows=10)

concluded = jobs(outcomes=st.sampled_from([Outcome.SUCCEEDED, Outcome.PARTIAL]))


def with_rows(sent: int, **received: int) -> Job:
    """Make a job by the rows that went out and came back."""
    found = tuple(File(kind=kind, rows=rows) for kind, rows in received.items())
    return replace(JOB, rows=sent, files=found)


def test_the_schema_is_a_schema() -> None:
    """Others build on it."""
    Draft202012Validator.check_schema(SCHEMA)


@given(job=concluded)
def test_every_manifest_fits_the_published_schema(job: Job) -> None:
    """Readers of a manifest rely on the document, not on our code."""
    document = json.loads(encode_manifest(build_manifest(job)))

    Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.fault(81)
@given(job=concluded, data=st.data())
def test_a_manifest_depends_on_the_job_alone(job: Job, data: st.DataObject) -> None:
    """Written twice, it must be equal, in whatever order the results arrived."""
    shuffled = tuple(data.draw(st.permutations(job.files)))
    again = Job.from_state(json.loads(json.dumps(job.to_state())))

    first = encode_manifest(build_manifest(job))

    assert encode_manifest(build_manifest(again)) == first
    assert encode_manifest(build_manifest(replace(job, files=shuffled))) == first


@pytest.mark.fault(4)
@given(job=concluded)
def test_a_manifest_is_plain_ascii_and_sorted(job: Job) -> None:
    """An uploader's name must not reach a terminal unescaped."""
    document = build_manifest(job)

    assert encode_manifest(document).isascii()
    assert encode_manifest(document).endswith(b"}\n")
    assert [file["kind"] for file in document["files"]] == sorted(
        file.kind for file in job.files
    )
    assert document["absent"] == sorted(job.absent)


@given(job=jobs(), missing=files(error_names))
def test_a_result_that_is_missing_forbids_the_manifest(job: Job, missing: File) -> None:
    """Its presence says that the job is complete."""
    with pytest.raises(ResultsIncomplete, match=f"{missing.kind}: {missing.error}"):
        build_manifest(replace(job, files=(*job.files, missing)))


@pytest.mark.parametrize(
    ("job", "verdict", "removed"),
    [
        pytest.param(
            with_rows(10, all=10, bad=2), RowsVerdict.COMPLETE, 0, id="as sent"
        ),
        pytest.param(
            with_rows(10, all=7, bad=7), RowsVerdict.COMPLETE, 3, id="doubles"
        ),
        pytest.param(
            with_rows(0, all=7), RowsVerdict.COMPLETE, None, id="not sent by us"
        ),
        pytest.param(
            with_rows(10, all=11), RowsVerdict.CONTRADICTORY, -1, id="too many"
        ),
        pytest.param(
            with_rows(10, all=0), RowsVerdict.CONTRADICTORY, 10, id="none left"
        ),
        pytest.param(
            with_rows(0, all=5, bad=6),
            RowsVerdict.CONTRADICTORY,
            None,
            id="part too large",
        ),
        pytest.param(with_rows(10, bad=2), RowsVerdict.UNKNOWN, None, id="no whole"),
        pytest.param(with_rows(10), RowsVerdict.UNKNOWN, None, id="nothing"),
    ],
)
def test_rows_are_reconciled(
    job: Job, verdict: RowsVerdict, removed: int | None
) -> None:
    """Rows that vanish are noticed by a number, not by a customer."""
    rows = reconcile_rows(job)

    assert (rows["verdict"], rows["removed"]) == (verdict, removed)


def test_a_kind_without_a_file_is_missing() -> None:
    """A result that nobody tried to fetch is not fetched, whatever the reason."""
    job = Job(job_id="j", provider="p", type="t", kinds=("all", "bad"))

    with pytest.raises(ResultsIncomplete, match="all: not tried, bad: not tried"):
        build_manifest(job)
