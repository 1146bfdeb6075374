"""Budget: what a job costs, counted from the definition and the poll policy.

    python -m benchmarks.budget

History events are counted by walking the synthesized definition; the checks come
from the schedule, transitions and dollars from `functions.core.cost`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.core.cost import Usage, batch_request, polled_job
from functions.core.prices import PRICES_NOTED_ON
from functions.core.schedule import Policy, poll_seconds, retry_seconds
from infra.app import synthesize
from tools.state_chart import definition

#: History events of one visit: entered and exited, and what lies between.
_EVENTS = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2, "Succeed": 2, "Fail": 1}
_EVENTS_MORE_TO_LISTEN = 1  # that the token was handed over
_EVENTS_OF_A_MAP = 4  # entered, started, succeeded, exited
_EVENTS_OF_AN_ITEM = 2  # started, succeeded
_EVENTS_OF_AN_EXECUTION = 2  # started, ended


@dataclass(frozen=True)
class Budget:
    """What one job takes; money in USD."""

    checks: int
    transitions: int
    events: int
    usd: float


def checks(duration: float, policy: Policy) -> int:
    """Count the checks of a job that takes `duration` seconds, without jitter."""
    elapsed = 0.0
    count = 0
    while elapsed < duration:
        elapsed += poll_seconds(elapsed, policy=policy, random=0.5)
        count += 1
    return count


def budget(
    duration: float, *, machine: Mapping[str, Any], policy: Policy, kinds: int = 4
) -> Budget:
    """Count what a job takes that ends well after `duration` seconds.

    Where its waits listen, no webhook comes: that is what takes most.
    """
    polls = checks(duration, policy)
    work = polled_job(checks=polls, kinds=kinds, uses_webhook=policy.uses_webhook)
    states = machine["States"]
    inner = states["Collect"]["ItemProcessor"]["States"]
    events = _events(work.visits, {**inner, **states}) + kinds * _EVENTS_OF_AN_ITEM
    return _made(work, events)


def request_budget(
    duration: float, *, machine: Mapping[str, Any], policy: Policy
) -> Budget:
    """Count the same for one request of a batch, in an execution of its own."""
    work = batch_request(
        checks=checks(duration, policy), uses_webhook=policy.uses_webhook
    )
    inner = machine["States"]["Requests"]["ItemProcessor"]["States"]
    states = {name.removesuffix(" request"): state for name, state in inner.items()}
    return _made(work, _events(work.visits, states))


def held_events(duration: float, *, machine: Mapping[str, Any], policy: Policy) -> int:
    """Count the history of a submission that is put off for so long."""
    puts_off = 0
    elapsed = 0.0
    while elapsed < duration:
        puts_off += 1
        elapsed += retry_seconds(puts_off, policy=policy, random=0.5)
    again = dict.fromkeys(("Hold", "Submit", "Route"), puts_off)
    return _events(again, machine["States"])


def _events(visits: Mapping[str, int], states: Mapping[str, Any]) -> int:
    return sum(times * _events_of(states[name]) for name, times in visits.items())


def _events_of(state: Mapping[str, Any]) -> int:
    if state["Type"] == "Map":
        return _EVENTS_OF_A_MAP
    listens = state.get("Resource", "").endswith(".waitForTaskToken")
    events: int = _EVENTS[state["Type"]] + (_EVENTS_MORE_TO_LISTEN if listens else 0)
    return events


def _made(work: Usage, events: int) -> Budget:
    return Budget(
        work.visits["Check"],
        work.transitions,
        events + _EVENTS_OF_AN_EXECUTION,
        work.usd,
    )


def main() -> int:
    """Print the table that the README shows."""
    with TemporaryDirectory() as folder:
        machine = definition(synthesize("prod", outdir=Path(folder)), "prod")
    print(
        f"{'':15} {'lasts':>6}  {'checks':>6}  {'transitions':>11}  {'events':>6}  USD"
    )
    for name, seconds in (("1 min", 60), ("1 h", 3600), ("24 h", 86_400)):
        _print("job", name, budget(seconds, machine=machine, policy=Policy()))
    one = request_budget(60, machine=machine, policy=Policy(uses_webhook=True))
    _print("batch's request", "1 min", one)
    print(f"List prices of us-east-1 as noted on {PRICES_NOTED_ON}.")
    return 0


def _print(what: str, lasts: str, of: Budget) -> None:
    print(
        f"{what:15} {lasts:>6}  {of.checks:>6}  {of.transitions:>11}  {of.events:>6}  "
        f"{of.usd:.4f}"
    )


if __name__ == "__main__":
    sys.exit(main())
