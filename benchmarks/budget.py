"""Budget: count what a job costs, from the definition and the poll policy.

    python -m benchmarks.budget

Checks are counted by the schedule, history events by the synthesized definition,
transitions and US dollars by `functions.core.cost`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.core.cost import Usage, batch_request, polled_job
from functions.core.function_table import FUNCTIONS
from functions.core.prices import PRICES, PRICES_NOTED_ON, usd_of
from functions.core.schedule import Policy, checks_until, retry_seconds
from infra import config
from infra.app import synthesize
from local.assembly import read_definition

#: History events of one visit of a state, by its type.
_EVENTS = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2, "Succeed": 2, "Fail": 1}
_EVENTS_OF_A_TOKEN = 1  # TaskSubmitted
_EVENTS_OF_A_MAP = 4  # entered, started, succeeded, exited
_EVENTS_OF_AN_ITEM = 2  # started, succeeded
_EVENTS_OF_AN_EXECUTION = 2  # started, ended
_SECONDS_OF_A_MONTH = 730 * 3600  # as AWS counts one


@dataclass(frozen=True)
class Budget:
    """What one job takes: checks, transitions, history events and US dollars."""

    checks: int
    transitions: int
    events: int
    usd: float
    shares: Mapping[str, float]


def budget(
    duration: float, *, definition: Mapping[str, Any], policy: Policy, kinds: int = 4
) -> Budget:
    """Return the budget of a job that succeeds after `duration` seconds.

    Its records are joined. A job that waits for webhooks receives none: both are the
    most expensive case.
    """
    polls = checks_until(duration, policy)
    usage = polled_job(
        checks=polls, kinds=kinds, uses_webhook=policy.uses_webhook, joined=2
    )
    states = definition["States"]
    item_states = states["Collect"]["ItemProcessor"]["States"]
    events = _events(usage.visits, {**item_states, **states})
    return _budget(usage, events + kinds * _EVENTS_OF_AN_ITEM)


def request_budget(
    duration: float, *, definition: Mapping[str, Any], policy: Policy
) -> Budget:
    """Return the budget of one request of a batch, which has its own execution."""
    usage = batch_request(
        checks=checks_until(duration, policy), uses_webhook=policy.uses_webhook
    )
    processor = definition["States"]["Requests"]["ItemProcessor"]
    states = {
        name.removesuffix(" request"): state
        for name, state in processor["States"].items()
    }
    return _budget(usage, _events(usage.visits, states))


def hold_events(
    duration: float, *, definition: Mapping[str, Any], policy: Policy
) -> int:
    """Return the number of history events of `duration` seconds on hold."""
    holds = 0
    elapsed = 0.0
    while elapsed < duration:
        holds += 1
        elapsed += retry_seconds(holds, policy=policy, random=0.5)
    visits = dict.fromkeys(("Hold", "Submit", "Route"), holds)
    return _events(visits, definition["States"])


def _events(visits: Mapping[str, int], states: Mapping[str, Any]) -> int:
    return sum(count * _events_of(states[name]) for name, count in visits.items())


def _events_of(state: Mapping[str, Any]) -> int:
    if state["Type"] == "Map":
        return _EVENTS_OF_A_MAP
    has_token = state.get("Resource", "").endswith(".waitForTaskToken")
    events: int = _EVENTS[state["Type"]] + (_EVENTS_OF_A_TOKEN if has_token else 0)
    return events


def _budget(usage: Usage, events: int) -> Budget:
    return Budget(
        usage.visits["Check"],
        usage.transitions,
        events + _EVENTS_OF_AN_EXECUTION,
        usage.usd,
        usage.shares,
    )


def snapshot_prices() -> tuple[float, float]:
    """Return the price of a month of the API's snapshot, and of 1,000 starts."""
    gigabytes = FUNCTIONS["api"].memory / 1024
    cached = usd_of("snapshot_gb_second", gigabytes * _SECONDS_OF_A_MONTH)
    return cached, usd_of("restored_gb", gigabytes * 1000)


def main() -> int:
    """Print the tables that the README and docs/performance.md show."""
    policy = config.stage("prod", config.context()["courier"]).providers["ipqs"].poll
    with TemporaryDirectory() as folder:
        assembly = synthesize("prod", outdir=Path(folder))
        definition = read_definition(assembly, "prod")
    print(
        f"{'':15} {'lasts':>6}  {'checks':>6}  {'transitions':>11}  {'events':>6}  USD"
    )
    jobs = {
        name: budget(seconds, definition=definition, policy=policy)
        for name, seconds in (("1 min", 60), ("1 h", 3600), ("24 h", 86_400))
    }
    for name, job in jobs.items():
        _print("job", name, job)
    listening = replace(policy, uses_webhook=True)
    request = request_budget(60, definition=definition, policy=listening)
    _print("batch's request", "1 min", request)
    print(f"\n{'µUSD for':20} {''.join(f'{name:>9}' for name in jobs)}  request")
    for share, usd in request.shares.items():
        of_jobs = "".join(f"{job.shares[share] * 1e6:>9.1f}" for job in jobs.values())
        print(f"{share:20} {of_jobs}{usd * 1e6:>9.1f}")
    cached, restored = snapshot_prices()
    print(f"SnapStart of api: {cached:.2f} USD a month, {restored:.2f} a 1,000 starts")
    print(f"List prices of us-east-1 as noted on {PRICES_NOTED_ON}, and where read:")
    for price in PRICES.values():
        print(f"{price.usd:>12.10g}  {price.unit}: {price.page} ({price.read})")
    return 0


def _print(subject: str, lasts: str, budget: Budget) -> None:
    print(
        f"{subject:15} {lasts:>6}  {budget.checks:>6}  {budget.transitions:>11}  "
        f"{budget.events:>6}  {budget.usd:.4f}"
    )


if __name__ == "__main__":
    sys.exit(main())
