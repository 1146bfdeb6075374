"""Canary: it finds a planted secret in every sink, so its silence means something."""

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
from tests.faults.conftest import search_stores
from tests.faults.execution_driver import ExecutionDriver, ProcessFactory
from tests.faults.fault_injection import FaultInjector
from tests.faults.harness import KEY, RESULTS, ROWS, TABLE, StepHarness

TOKEN = "aB3" * 86
Wrap = Callable[[str], str]


@pytest.fixture
def own_canary() -> Canary:
    """Return a canary apart from the session's, which must find nothing."""
    return Canary((KEY, *ROWS))


def delete_item(job: Job) -> None:
    """Delete the job's item before the session's canary searches the table."""
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
def test_finds_a_secret_in_every_form(
    own_canary: Canary, secret: str, wrap: Wrap
) -> None:
    """A leak may be encoded in any way."""
    own_canary.search("any", f'{{"text": "before {wrap(secret)} after"}}')

    assert own_canary.found


@pytest.mark.fault(85)
def test_finds_nothing_in_an_ordinary_state(own_canary: Canary, job: Job) -> None:
    """A check with false alarms is soon switched off."""
    own_canary.search("state", json.dumps(job.to_state()))

    assert not own_canary.found


@pytest.mark.fault(85)
def test_searches_states_and_exceptions(
    harness: StepHarness, injector: FaultInjector, job: Job, own_canary: Canary
) -> None:
    """A secret planted in a job, or in the cause of an error, is found."""
    driver = ExecutionDriver(harness, injector, own_canary)
    driver.run(job.with_(advice=KEY))
    delete_item(job)
    assert any(found.startswith("state") for found in own_canary.found)

    own_canary.found.clear()
    error = AwsUnavailable("a text without a secret")
    error.__cause__ = ValueError(ROWS[0])
    own_canary.search("exception", "".join(traceback.format_exception(error)))
    assert own_canary.found


@pytest.mark.fault(85)
def test_searches_logs(log: StringIO, own_canary: Canary) -> None:
    """At level DEBUG, in what the functions' own handler writes."""
    telemetry.logger.debug("planted", url=f"https://provider.example/{KEY}/status")

    own_canary.search("log", log.getvalue())
    log.truncate(0)

    assert own_canary.found


@pytest.mark.fault(85)
def test_searches_the_table_and_the_objects(
    harness: StepHarness,
    job: Job,
    new_process: ProcessFactory,
    own_canary: Canary,
) -> None:
    """What the functions have stored is searched as it is stored."""
    clients.s3().put_object(
        Bucket=RESULTS, Key=f"{job.job_id}/x", Body=b"", Metadata={"from": ROWS[0]}
    )
    new_process().job_store.record_outcome(
        job.with_(outcome=Outcome.FAILED, error=TOKEN), now=harness.ipqs.clock.now()
    )

    try:
        search_stores(own_canary)
    finally:  # the session's canary searches here, too
        clients.s3().delete_object(Bucket=RESULTS, Key=f"{job.job_id}/x")
        delete_item(job)

    assert {found.partition(":")[0] for found in own_canary.found} == {
        "table",
        "object",
    }


@pytest.mark.fault(85)
def test_an_execution_has_its_states_searched(
    driver: ExecutionDriver, job: Job
) -> None:
    """The session's canary really receives the states."""
    before = driver.canary.searched["state"]

    driver.run(job)

    assert driver.canary.searched["state"] > before
    assert not driver.canary.found
