"""Canary: it sings where there is something to sing about."""

import json
import traceback
from base64 import b64encode
from collections.abc import Callable
from io import StringIO
from urllib.parse import quote

import pytest

from functions.aws import clients, telemetry
from functions.core.errors import AwsUnavailable
from functions.core.model import Job, Outcome
from tests.canary import Canary
from tests.faults.conftest import look_at_stores
from tests.faults.execution_driver import Process, Walk
from tests.faults.fault_injection import FaultInjector
from tests.faults.harness import KEY, RESULTS, ROWS, TABLE, StepHarness

TOKEN = "aB3" * 86
Wrap = Callable[[str], str]


@pytest.fixture
def second() -> Canary:
    """Give a canary of its own, whose finds are wanted."""
    return Canary((KEY, *ROWS))


def forget(job: Job) -> None:
    """Remove what was planted, before the session's canary looks."""
    clients.dynamodb().delete_item(TableName=TABLE, Key={"job_id": {"S": job.job_id}})


@pytest.mark.fault(85)
@pytest.mark.parametrize("secret", [KEY, ROWS[0], TOKEN], ids=["key", "row", "link"])
@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(str, id="plain"),
        pytest.param(lambda text: quote(text, safe=""), id="url"),
        pytest.param(json.dumps, id="json"),
        pytest.param(str.upper, id="upper"),
        pytest.param(lambda text: b64encode(text.encode()).decode(), id="base64"),
        pytest.param(
            lambda text: b64encode(b"x" + text.encode()).decode(), id="shifted"
        ),
        pytest.param(
            lambda text: b64encode(b"xy" + text.encode() + b"z").decode(),
            id="shifted twice",
        ),
    ],
)
def test_it_finds_a_secret_in_every_form(
    second: Canary, secret: str, wrap: Wrap
) -> None:
    """A leak does not choose the form in which it is looked for."""
    second.look("any", f'{{"text": "before {wrap(secret)} after"}}')

    assert second.found


@pytest.mark.fault(85)
def test_it_finds_nothing_in_what_is_no_secret(second: Canary, job: Job) -> None:
    """What cries without a reason is soon switched off."""
    second.look("state", json.dumps(job.to_state()))

    assert not second.found


@pytest.mark.fault(85)
def test_it_looks_into_states_and_exceptions(
    bench: StepHarness, effects: FaultInjector, job: Job, second: Canary
) -> None:
    """A leak that is planted in a job, or in an error's cause, is found there."""
    walk = Walk(bench, effects, second)
    walk.to_the_end(job.with_(advice=KEY))
    forget(job)
    assert any(find.startswith("state") for find in second.found)

    second.found.clear()
    error = AwsUnavailable("a text without a secret")
    error.__cause__ = ValueError(ROWS[0])
    second.look("exception", "".join(traceback.format_exception(error)))
    assert second.found


@pytest.mark.fault(85)
def test_it_looks_into_logs(logged: StringIO, second: Canary) -> None:
    """Down to DEBUG, on the handler that the functions use."""
    telemetry.logger.debug("planted", url=f"https://provider.example/{KEY}/status")

    second.look("log", logged.getvalue())
    logged.truncate(0)

    assert second.found


@pytest.mark.fault(85)
def test_it_looks_into_the_table_and_the_objects(
    bench: StepHarness, job: Job, process: Callable[[], Process], second: Canary
) -> None:
    """What a function wrote down is looked at as it lies there."""
    clients.s3().put_object(
        Bucket=RESULTS, Key=f"{job.job_id}/x", Body=b"", Metadata={"from": ROWS[0]}
    )
    process().ledger.record_outcome(
        job.with_(outcome=Outcome.FAILED, error=TOKEN), now=bench.ipqs.clock.now()
    )

    try:
        look_at_stores(second)
    finally:  # the session's canary looks here, too
        clients.s3().delete_object(Bucket=RESULTS, Key=f"{job.job_id}/x")
        forget(job)

    assert {find.partition(":")[0] for find in second.found} == {"ledger", "object"}


@pytest.mark.fault(85)
def test_a_walk_shows_its_states(walk: Walk, job: Job) -> None:
    """The session's canary is one that looks."""
    before = walk.canary.looked["state"]

    walk.to_the_end(job)

    assert walk.canary.looked["state"] > before
    assert not walk.canary.found
