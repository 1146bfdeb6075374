"""Manifest: its bytes depend on the job alone and match the published schema."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from functions.core.errors import ResultsIncomplete
from functions.core.manifest import (
    build_manifest,
    encode_manifest,
    reconcile_rows,
)
from functions.core.model import File, Job, Outcome
from functions.core.rows import NOT_JOINED, JoinedRows, RowsVerdict
from tests.unit.strategies import error_names, files, jobs

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text("utf-8")
)
JOB = Job(job_id="j", provider="p", type="t", rows=10)

ended_jobs = jobs(outcomes=st.sampled_from([Outcome.SUCCEEDED, Outcome.PARTIAL]))


def with_rows(sent: int, distinct: int = 0, **received: int) -> Job:
    """Return a job that sent and received so many rows."""
    results = tuple(File(kind=kind, rows=rows) for kind, rows in received.items())
    return replace(JOB, rows=sent, distinct_rows=distinct, files=results)


def test_the_published_schema_is_valid() -> None:
    """Readers of manifests use it."""
    Draft202012Validator.check_schema(SCHEMA)


@given(job=ended_jobs)
def test_every_manifest_matches_the_published_schema(job: Job) -> None:
    """Readers of a manifest rely on the schema, not on this code."""
    document = json.loads(encode_manifest(build_manifest(job)))

    Draft202012Validator(SCHEMA).validate(document)


@given(job=ended_jobs, name=st.text(), header=st.none() | st.text(), label=st.text())
def test_a_manifest_has_what_was_said_of_its_file(
    job: Job, name: str, header: str | None, label: str
) -> None:
    """Whoever finds results in a bucket looks for the file that they are of."""
    said = {"name": name, "header": header}
    document = build_manifest(job, source=said, label=label)

    Draft202012Validator(SCHEMA).validate(document)
    assert document["source"].items() >= said.items()
    assert document.get("label", "") == label
    assert document == {
        **build_manifest(job),
        "source": document["source"],
        **({"label": label} if label else {}),
    }


@pytest.mark.fault(81)
@given(job=ended_jobs, data=st.data())
def test_a_manifest_depends_on_the_job_alone(job: Job, data: st.DataObject) -> None:
    """A retried step must write the same bytes, in whatever order results arrived."""
    shuffled = tuple(data.draw(st.permutations(job.files)))
    read_back = Job.from_state(json.loads(json.dumps(job.to_state())))

    first = encode_manifest(build_manifest(job))

    assert encode_manifest(build_manifest(read_back)) == first
    assert encode_manifest(build_manifest(replace(job, files=shuffled))) == first


@pytest.mark.fault(4)
@given(job=ended_jobs)
def test_a_manifest_is_plain_ascii_and_sorted(job: Job) -> None:
    """The name of an upload must not reach a terminal unescaped."""
    document = build_manifest(job)

    assert encode_manifest(document).isascii()
    assert encode_manifest(document).endswith(b"}\n")
    assert [file["kind"] for file in document["files"]] == sorted(
        file.kind for file in job.files
    )
    assert document["absent"] == sorted(job.absent)


@given(job=jobs(), missing=files(error_names))
def test_there_is_no_manifest_while_a_result_is_missing(
    job: Job, missing: File
) -> None:
    """Its presence says that the job is complete."""
    with pytest.raises(ResultsIncomplete, match=f"{missing.kind}: {missing.error}"):
        build_manifest(replace(job, files=(*job.files, missing)))


@pytest.mark.parametrize(
    ("job", "verdict", "removed"),
    [
        pytest.param(
            with_rows(10, all=10, bad=2), RowsVerdict.COMPLETE, 0, id="all rows"
        ),
        pytest.param(
            with_rows(10, distinct=7, all=7, bad=7),
            RowsVerdict.COMPLETE,
            3,
            id="all different rows",
        ),
        pytest.param(
            with_rows(12, distinct=12, all=1),
            RowsVerdict.UNACCOUNTED,
            11,
            id="fewer than are different",
        ),
        pytest.param(
            with_rows(12, distinct=10, all=11),
            RowsVerdict.UNACCOUNTED,
            1,
            id="some of the duplicates",
        ),
        pytest.param(
            with_rows(10, all=7),
            RowsVerdict.UNACCOUNTED,
            3,
            id="different rows not counted",
        ),
        pytest.param(
            with_rows(0, all=7),
            RowsVerdict.UNKNOWN,
            None,
            id="submitted by another client",
        ),
        pytest.param(
            with_rows(10, all=11), RowsVerdict.CONTRADICTORY, -1, id="too many"
        ),
        pytest.param(
            with_rows(10, all=0), RowsVerdict.CONTRADICTORY, 10, id="no rows left"
        ),
        pytest.param(
            with_rows(0, all=5, bad=6),
            RowsVerdict.CONTRADICTORY,
            None,
            id="part larger than the whole",
        ),
        pytest.param(
            with_rows(10, bad=2), RowsVerdict.UNKNOWN, None, id="no result has all rows"
        ),
        pytest.param(with_rows(10), RowsVerdict.UNKNOWN, None, id="no results"),
    ],
)
def test_rows_are_reconciled(
    job: Job, verdict: RowsVerdict, removed: int | None
) -> None:
    """Lost rows must show in the manifest, before a customer misses them."""
    rows = reconcile_rows(job)

    assert (rows["verdict"], rows["removed"]) == (verdict, removed)


def test_a_kind_without_a_file_is_missing() -> None:
    """A result that was never tried is missing like one that failed."""
    job = Job(job_id="j", provider="p", type="t", kinds=("all", "bad"))

    with pytest.raises(ResultsIncomplete, match="all: not tried, bad: not tried"):
        build_manifest(job)


@given(
    sent=st.integers(0, 50),
    distinct=st.integers(0, 50),
    received=st.dictionaries(st.sampled_from(["all", "bad"]), st.integers(0, 60)),
)
def test_complete_means_that_every_row_is_accounted_for(
    sent: int, distinct: int, received: dict[str, int]
) -> None:
    """A customer who reads `complete` does not look for missing rows."""
    rows = reconcile_rows(with_rows(sent, min(distinct, sent), **received))

    if rows["verdict"] == RowsVerdict.COMPLETE:
        assert rows["sent"] > 0
        assert received["all"] in (rows["sent"], rows.get("distinct"))


@given(
    returned=st.integers(0, 9),
    missing=st.integers(0, 2),
    others=st.integers(0, 9),
    lost=st.integers(-1, 1),
    unexpected=st.integers(0, 1),
    is_whole=st.booleans(),
)
def test_joined_rows_are_complete_only_if_they_add_up(
    returned: int, missing: int, others: int, lost: int, unexpected: int, is_whole: bool
) -> None:
    """The rows themselves are counted: lines of files prove nothing."""
    sent = returned + missing
    joined = JoinedRows(
        records=sent + 3 * others + lost,
        blank=others,
        duplicates=others,
        not_sent={"it is empty": others},
        sent=sent,
        returned=returned,
        missing=missing,
        unexpected=unexpected,
        is_whole=is_whole,
    )
    job = with_rows(999, all=1).with_(joined=joined, outcome=Outcome.SUCCEEDED)

    manifest = build_manifest(job)

    expected = RowsVerdict.COMPLETE
    if lost or unexpected:
        expected = RowsVerdict.CONTRADICTORY
    elif not is_whole:
        expected = RowsVerdict.INCOMPLETE
    elif missing:
        expected = RowsVerdict.UNACCOUNTED
    assert joined == NOT_JOINED or manifest["rows"]["verdict"] == expected
    assert joined == NOT_JOINED or manifest["schema_version"] == 2


def test_the_joined_files_are_no_results_of_the_provider() -> None:
    """Their rows would make any list larger than the whole of what came back."""
    job = with_rows(10, all=10).with_(outcome=Outcome.SUCCEEDED)
    ours = (File(kind="joined", rows=40), File(kind="joined-parquet", rows=40))
    joined = job.with_(files=(*job.files, *ours))

    assert reconcile_rows(joined) == reconcile_rows(job)


def test_a_list_that_could_not_be_joined_says_so() -> None:
    """Its results are delivered, and lines that add up do not prove it complete."""
    job = with_rows(10, all=10).with_(
        joined=JoinedRows(error="RowsUnjoinable"), outcome=Outcome.SUCCEEDED
    )

    rows = build_manifest(job)["rows"]

    assert rows["verdict"] == RowsVerdict.UNJOINED
    assert rows["join_error"] == "RowsUnjoinable"
    assert rows["received"] == {"all": 10}
