"""Cost, history and state of a job, counted from the deployed definition."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.budget import budget, hold_events, request_budget
from functions.core.model import Batch, BatchPosition, File, Job, Next, Outcome
from functions.core.provider_settings import ProviderSettings
from functions.core.schedule import Policy
from infra import config
from local.assembly import read_definition

_DAY = 86_400
_PROVIDERS = config.stage("prod", config.context()["courier"]).providers
_POLICY = Policy(**asdict(_PROVIDERS["ipqs"].poll))
#: Step Functions ends an execution with a longer history.
_MAX_EVENTS = 25_000
#: Step Functions' limits of a state, in bytes, and of an error's cause, in characters.
_MAX_STATE = 256 * 1024
_MAX_CAUSE = 32_768


@pytest.fixture(scope="module")
def machine(assembly: Callable[[str], Path]) -> Mapping[str, Any]:
    """Return the state machine of production."""
    return read_definition(assembly("prod"), "prod")


@pytest.mark.fault(36)
def test_a_day_of_polling_fits_into_the_history(machine: Mapping[str, Any]) -> None:
    """Step Functions ends an execution whose history is full, and the job with it."""
    day = budget(_DAY, definition=machine, policy=_POLICY)

    assert day.events <= 1_500
    assert day.events < _MAX_EVENTS


def test_a_day_of_polling_is_cheap(machine: Mapping[str, Any]) -> None:
    """Waiting costs state transitions and nearly nothing else."""
    assert budget(_DAY, definition=machine, policy=_POLICY).usd <= 0.02


def test_a_poll_costs_three_transitions(machine: Mapping[str, Any]) -> None:
    """Wait, Check and Route: one more state would cost a third more."""
    hour = budget(3_600, definition=machine, policy=_POLICY)
    day = budget(_DAY, definition=machine, policy=_POLICY)

    polls = day.checks - hour.checks
    assert day.transitions - hour.transitions == 3 * polls
    assert day.events - hour.events == 9 * polls


def test_listening_costs_no_more_transitions(
    machine: Mapping[str, Any],
) -> None:
    """Listen replaces Wait, and adds four events to the history."""
    waits = budget(_DAY, definition=machine, policy=_POLICY)
    listens = budget(
        _DAY, definition=machine, policy=replace(_POLICY, uses_webhook=True)
    )

    assert listens.transitions == waits.transitions
    assert listens.events - waits.events == 4 * waits.checks


@pytest.mark.fault(36)
@pytest.mark.parametrize("name", _PROVIDERS)
def test_the_longest_job_fits_into_its_history(
    machine: Mapping[str, Any], name: str
) -> None:
    """It waits for one deadline to be submitted, and for another to be finished.

    No webhook ends a wait. A request of a batch has an execution of its own.
    """
    provider = _PROVIDERS[name]
    policy = replace(provider.poll, uses_webhook=provider.sends_webhooks)
    deadline = policy.deadline_seconds

    held = hold_events(deadline, definition=machine, policy=policy)
    job = budget(deadline, definition=machine, policy=policy)
    request = request_budget(deadline, definition=machine, policy=policy)

    assert max(job.events, request.events) + held < _MAX_EVENTS


def test_a_request_costs_less_than_a_job(machine: Mapping[str, Any]) -> None:
    """Its end is neither recorded nor announced by itself."""
    job = budget(60, definition=machine, policy=_POLICY, kinds=1)
    request = request_budget(60, definition=machine, policy=_POLICY)

    assert request.transitions < job.transitions
    assert request.usd < job.usd


@pytest.mark.parametrize(
    "provider",
    [provider for provider in _PROVIDERS.values() if provider.batches],
    ids=lambda provider: type(provider).__name__,
)
def test_a_full_batch_fits_into_the_state(provider: ProviderSettings) -> None:
    """A state that is too large ends an execution without any catch.

    Here Gather failed with the longest cause. What the requests ended with is in S3.
    """
    place = {"Bucket": "b" * 63, "Key": "x" * 1024}
    state = {
        **_largest_job(provider).to_state(),
        "answers": {"MapRunArn": "x" * 2048, "ResultWriterDetails": place},
        "failure": {"Error": "x" * 256, "Cause": "x" * _MAX_CAUSE},
    }

    assert len(json.dumps(state).encode()) < _MAX_STATE


def _largest_job(provider: ProviderSettings) -> Job:
    """Return a batch whose texts are all as long as possible."""
    name = "x" * 1024  # the longest object key
    return Job(
        job_id="f" * 80,
        provider=type(provider).__name__,
        type=max(provider.types, key=len),
        bucket="b" * 63,
        key=name,
        version_id=name,
        next=Next.REPORT,
        manifest_key=name,
        error="x" * 100,
        advice="x" * 1024,
        files=(File(kind="result", key=name, version_id=name, sha256="f" * 64),),
        part=BatchPosition(),
        batch=Batch(
            requests=provider.max_batch_requests,
            key=name,
            version_id=name,
            items_key=name,
            outcomes={str(outcome): 50_000 for outcome in Outcome},
        ),
    )
