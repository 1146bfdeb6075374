"""Budget: what a job costs, counted from the definition and the poll policy.

    python -m benchmarks.budget

History events are counted by walking the synthesized definition, the checks come
from the schedule, transitions and prices from `functions.core.cost`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.core.cost import PRICES_NOTED_ON, of_a_poll
from functions.core.schedule import Policy, poll_seconds
from infra.app import synthesize
from local.diagram import definition

#: History events of one visit: entered and exited, and what lies between.
_EVENTS = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2, "Succeed": 2, "Fail": 1}
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
        elapsed += poll_seconds(elapsed, policy=policy, chance=0.5)
        count += 1
    return count


def budget(
    duration: float, *, machine: Mapping[str, Any], policy: Policy, kinds: int = 4
) -> Budget:
    """Count what a job takes that ends well after `duration` seconds."""
    states = machine["States"]
    inner = states["Collect"]["ItemProcessor"]["States"]
    known = {**states, **inner, "End": states["Delivered"]}
    polls = checks(duration, policy)
    work = of_a_poll(checks=polls, kinds=kinds)

    events = _EVENTS_OF_AN_EXECUTION + kinds * _EVENTS_OF_AN_ITEM
    for name, times in work.visits.items():
        kind = known[name]["Type"]
        events += times * (_EVENTS_OF_A_MAP if kind == "Map" else _EVENTS[kind])
    return Budget(polls, work.transitions, events, work.usd)


def main() -> int:
    """Print the table that the README shows."""
    with TemporaryDirectory() as folder:
        machine = definition(synthesize("prod", outdir=Path(folder)), "prod")
    print(f"{'job lasts':>10}  {'checks':>6}  {'transitions':>11}  {'events':>6}  USD")
    for name, seconds in (("1 min", 60), ("1 h", 3600), ("24 h", 86_400)):
        of = budget(seconds, machine=machine, policy=Policy())
        print(
            f"{name:>10}  {of.checks:>6}  {of.transitions:>11}  {of.events:>6}  "
            f"{of.usd:.4f}"
        )
    print(f"List prices of us-east-1 as noted on {PRICES_NOTED_ON}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
