"""Budget: what a job costs, counted from the definition and the poll policy.

    python -m benchmarks.budget

Transitions and history events are counted by walking the synthesized definition;
the checks come from the schedule. Prices are list prices of us-east-1, noted on the
day below: look them up before you rely on them.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.core.schedule import Policy, poll_seconds
from infra.app import synthesize
from infra.functions import SIZES
from local.diagram import definition

PRICES_NOTED_ON = "2026-11-22"
_USD_TRANSITION = 25e-6
_USD_GB_SECOND = 13.3334e-6
_USD_INVOCATION = 0.2e-6
_USD_TABLE_WRITE = 0.625e-6
_USD_S3_PUT = 5e-6
_USD_NOTICE = 0.5e-6
#: How long a function runs, in seconds, for a list of some megabytes. A guess on
#: the high side: at 25 USD a million, transitions decide all the same.
_RUNS_SECONDS = {"Submit": 5.0, "Check": 0.5, "Download": 5.0}
_RUNS_OTHERWISE = 0.5

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
    polls = checks(duration, policy)
    # Every state passed on the way, and how often.
    visits = dict.fromkeys(
        ("Known", "Submit", "Collect", "Manifest", "Conclude", "Notify", "Judge"), 1
    )
    visits |= {"Delivered": 1, "Wait": polls, "Check": polls, "Route": polls + 1}

    events = _EVENTS_OF_AN_EXECUTION
    for name, times in visits.items():
        kind = states[name]["Type"]
        events += times * (_EVENTS_OF_A_MAP if kind == "Map" else _EVENTS[kind])
    events += kinds * (_EVENTS_OF_AN_ITEM + _EVENTS[inner["Download"]["Type"]])

    # The start counts as a transition, as does every state entered.
    transitions = 1 + sum(visits.values()) + kinds
    tasks = {n: v for n, v in visits.items() if n.lower() in SIZES}
    tasks |= {"Download": kinds, "Intake": 1}
    usd = transitions * _USD_TRANSITION + _USD_NOTICE
    for name, times in tasks.items():
        seconds = _RUNS_SECONDS.get(name, _RUNS_OTHERWISE)
        gigabytes = SIZES[name.lower()].memory / 1024
        usd += times * (_USD_INVOCATION + seconds * gigabytes * _USD_GB_SECOND)
    usd += (polls + 3) * _USD_TABLE_WRITE + (kinds * 3 + 1) * _USD_S3_PUT
    return Budget(polls, transitions, events, usd)


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
