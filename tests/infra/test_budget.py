"""What a job may cost, counted from the definition that is deployed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.budget import budget
from functions.core.schedule import Policy
from infra import config
from local.diagram import definition

_DAY = 86_400
_POLICY = Policy(
    **asdict(config.stage("prod", config.context()["courier"]).providers["ipqs"].poll)
)
#: Step Functions ends an execution that has more.
_MOST_EVENTS = 25_000


@pytest.fixture(scope="module")
def machine(assembly: Callable[[str], Path]) -> Mapping[str, Any]:
    """The state machine that goes to production."""
    return definition(assembly("prod"), "prod")


@pytest.mark.fault(36)
def test_a_day_of_polling_fits_into_the_history(machine: Mapping[str, Any]) -> None:
    """An execution that outgrows its history is killed, and its job with it."""
    day = budget(_DAY, machine=machine, policy=_POLICY)

    assert day.events <= 1_500
    assert day.events < _MOST_EVENTS


def test_a_day_of_polling_is_cheap(machine: Mapping[str, Any]) -> None:
    """Waiting costs transitions, and nearly nothing else."""
    assert budget(_DAY, machine=machine, policy=_POLICY).usd <= 0.02


def test_a_poll_costs_three_transitions(machine: Mapping[str, Any]) -> None:
    """Wait, Check, Route: one state more would cost a third more."""
    hour = budget(3_600, machine=machine, policy=_POLICY)
    day = budget(_DAY, machine=machine, policy=_POLICY)

    polls = day.checks - hour.checks
    assert day.transitions - hour.transitions == 3 * polls
    assert day.events - hour.events == 9 * polls
