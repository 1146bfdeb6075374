"""Model: a job survives the state machine, and deployments of older and newer code."""

import json
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given

from functions.core.errors import PERMANENT, RETRYABLE
from functions.core.model import (
    Batch,
    BatchPosition,
    File,
    Forecast,
    Job,
    Next,
    Outcome,
    Phase,
    PreparedList,
)
from functions.core.rows import JoinedRows
from tests.unit.strategies import jobs


@given(job=jobs())
def test_a_job_survives_json(job: Job) -> None:
    """Each state of the machine reads the job that the previous one wrote."""
    state = json.loads(json.dumps(job.to_state(), allow_nan=False))

    assert Job.from_state(state) == job


def test_every_member_of_a_job_survives_json() -> None:
    """A member that is not written as JSON would end each execution that has it."""
    job = Job(
        job_id="j",
        provider="p",
        type="t",
        forecast=Forecast(jobs=1),
        joined=JoinedRows(records=1),
        part=BatchPosition(batch_id="b"),
        batch=Batch(requests=1),
        prepared=PreparedList(records_version_id="v"),
    )
    members = [each for each in fields(Job) if is_dataclass(each.default)]

    state = json.loads(json.dumps(job.to_state()))

    assert not [
        each.name for each in members if getattr(job, each.name) == each.default
    ]
    assert Job.from_state(state) == job


@given(job=jobs())
def test_fields_of_a_newer_deployment_are_ignored(job: Job) -> None:
    """After a rollback, older code reads states of newer code."""
    state = {**job.to_state(), "newer": 1, "failure": {"Error": "x"}}
    state["files"] = [{**file, "newer": 1} for file in state["files"]]

    assert Job.from_state(state) == job


@pytest.mark.fault(38)
def test_a_state_of_the_first_deployment_is_read() -> None:
    """Executions run for a day; a deployment meets states without its new fields."""
    first_state = {
        "job_id": "a" * 64,
        "provider": "ipqs",
        "type": "email",
        "provider_ref": "3868534",
        "phase": "running",
        "next": "wait",
        "files": [{"kind": "all", "key": "ipqs/email/a/all.csv"}],
    }

    job = Job.from_state(first_state)

    assert (job.phase, job.next, job.outcome) == (
        Phase.RUNNING,
        Next.WAIT,
        Outcome.NONE,
    )
    assert job.files == (File(kind="all", key="ipqs/email/a/all.csv"),)
    assert (job.kinds, job.absent, job.wait_seconds) == ((), (), 1)


def test_every_other_field_has_a_default() -> None:
    """A field without a default would break executions in flight."""
    job = Job.from_state({"job_id": "j", "provider": "p", "type": "t"})

    assert job == Job(job_id="j", provider="p", type="t")


@pytest.mark.fault(40)
def test_the_largest_state_is_small() -> None:
    """Step Functions fails an execution whose state exceeds 256 KiB."""
    longest_error = max((leaf.__name__ for leaf in (*RETRYABLE, *PERMANENT)), key=len)
    advice = max((leaf.advice for leaf in (*RETRYABLE, *PERMANENT)), key=len)
    key = "\N{E-MAIL SYMBOL}" * 256  # 1,024 bytes, and three times that in JSON
    number = 2**63
    file = File(
        kind="pristine",
        key="k" * 1024,
        version_id="v" * 1024,
        bytes=number,
        rows=number,
        sha256="f" * 64,
        attempts=number,
        link_age_seconds=1 / 3,
        error=longest_error,
    )
    job = Job(
        job_id="f" * 64,
        provider="txncheck",
        type="leaked_password",
        bucket="b" * 63,
        key=key,
        version_id="v" * 1024,
        provider_ref="9" * 36,
        received_at=1 / 3,
        submitted_at=1 / 3,
        suspected_error=longest_error,
        kinds=("pristine",) * 4,
        absent=("pristine",) * 4,
        rows=number,
        invalid=number,
        files=(file,) * 4,
        manifest_key="m" * 1024,
        outcome=Outcome.TIMED_OUT,
        error=longest_error,
        advice=advice,
    )

    assert len(json.dumps(job.to_state())) < 16 * 1024
