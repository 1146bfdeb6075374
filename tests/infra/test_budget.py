"""What a job may cost, counted from the definition that is deployed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.budget import budget, hold_events, request_budget
from functions.core.batch_results import Told, told_of
from functions.core.errors import CourierError
from functions.core.model import Batch, File, Job, Next, Outcome, Part
from functions.core.schedule import Policy
from infra import config
from infra.task_defaults import RETRIED
from local.assembly import read_definition

_DAY = 86_400
_PROVIDERS = config.stage("prod", config.context()["courier"]).providers
_POLICY = Policy(**asdict(_PROVIDERS["ipqs"].poll))
#: Step Functions ends an execution that has more.
_MOST_EVENTS = 25_000
#: The largest state, in bytes, and the longest cause of an error, in characters.
_LARGEST_STATE = 256 * 1024
_LONGEST_CAUSE = 32_768


@pytest.fixture(scope="module")
def machine(assembly: Callable[[str], Path]) -> Mapping[str, Any]:
    """The state machine that goes to production."""
    return read_definition(assembly("prod"), "prod")


@pytest.mark.fault(36)
def test_a_day_of_polling_fits_into_the_history(machine: Mapping[str, Any]) -> None:
    """An execution that outgrows its history is killed, and its job with it."""
    day = budget(_DAY, definition=machine, policy=_POLICY)

    assert day.events <= 1_500
    assert day.events < _MOST_EVENTS


def test_a_day_of_polling_is_cheap(machine: Mapping[str, Any]) -> None:
    """Waiting costs transitions, and nearly nothing else."""
    assert budget(_DAY, definition=machine, policy=_POLICY).usd <= 0.02


def test_a_poll_costs_three_transitions(machine: Mapping[str, Any]) -> None:
    """Wait, Check, Route: one state more would cost a third more."""
    hour = budget(3_600, definition=machine, policy=_POLICY)
    day = budget(_DAY, definition=machine, policy=_POLICY)

    polls = day.checks - hour.checks
    assert day.transitions - hour.transitions == 3 * polls
    assert day.events - hour.events == 9 * polls


def test_a_poll_that_listens_costs_no_transition_more(
    machine: Mapping[str, Any],
) -> None:
    """Listen takes the place of Wait, and has four events more."""
    waits = budget(_DAY, definition=machine, policy=_POLICY)
    listens = budget(_DAY, definition=machine, policy=replace(_POLICY, listens=True))

    assert listens.transitions == waits.transitions
    assert listens.events - waits.events == 4 * waits.checks


@pytest.mark.fault(36)
@pytest.mark.parametrize("name", _PROVIDERS)
def test_the_longest_life_of_a_job_fits_into_its_history(
    machine: Mapping[str, Any], name: str
) -> None:
    """Put off until the deadline, then waited for until the next, and never woken.

    A request of a batch has an execution, and so a history, of its own.
    """
    provider = _PROVIDERS[name]
    policy = Policy(**asdict(provider.poll), listens=provider.calls)
    deadline = policy.deadline_seconds

    held = hold_events(deadline, definition=machine, policy=policy)
    job = budget(deadline, definition=machine, policy=policy)
    request = request_budget(deadline, definition=machine, policy=policy)

    assert max(job.events, request.events) + held < _MOST_EVENTS


def test_a_request_costs_less_than_a_job(machine: Mapping[str, Any]) -> None:
    """It is neither recorded as an end of its own nor told."""
    job = budget(60, definition=machine, policy=_POLICY, kinds=1)
    request = request_budget(60, definition=machine, policy=_POLICY)

    assert request.transitions < job.transitions
    assert request.usd < job.usd


@pytest.mark.parametrize(
    "provider",
    [known for known in _PROVIDERS.values() if known.batches],
    ids=lambda known: type(known).__name__,
)
def test_what_is_told_of_a_full_batch_fits_into_the_state(
    provider: config.Provider,
) -> None:
    """Too large a state ends an execution at once: no catch of ours would see it.

    Every request failed of the longest name that there is, and then Gather did, with
    a cause as long as causes can be.
    """
    errors = (*RETRIED, *(leaf.__name__ for leaf in _leaves(CourierError)))
    told = Told(Outcome.FAILED, max(errors, key=len))
    count = provider.max_batch_requests
    texts = [f"{number} {told.outcome} {told.error}" for number in range(count)]
    state = {
        **_fullest(provider).to_state(),
        "answers": texts,
        "failure": {"Error": told.error, "Cause": "x" * _LONGEST_CAUSE},
    }

    assert told_of(texts, requests=count) == [told] * count
    assert len(json.dumps(state).encode()) < _LARGEST_STATE


def _leaves(error: type[CourierError]) -> list[type[CourierError]]:
    below = [leaf for known in error.__subclasses__() for leaf in _leaves(known)]
    return below or [error]


def _fullest(provider: config.Provider) -> Job:
    """Give a batch whose every text is as long as it may be."""
    name = "x" * 1024  # of an object, at the most
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
        part=Part(),
        batch=Batch(
            requests=provider.max_batch_requests,
            key=name,
            version_id=name,
            items_key=name,
            outcomes={str(outcome): 4000 for outcome in Outcome},
        ),
    )
