"""Scenarios: what people do with the product, which injected faults must not spoil."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.core.model import Job
from local.simulators.txncheck.behaviour import TxncheckBehaviour
from local.simulators.txncheck.outcomes import result_of
from tests.world.site import Site
from tests.world.world import World

#: The canary looks for these in all that leaves the functions.
ROWS = ("ada@canary-rows.example", "bob@canary-rows.example", "eve@canary-rows.example")
NAMES = ("Asha Leaking", "Bina Leaking")
MOBILES = ("+919871234501", "+919871234502")

#: What the provider finds out about these people: names, PANs, masked Aadhaars.
FOUND_OUT = tuple(
    str(result_of("kyc-by-mobile", {"mobile": mobile}, TxncheckBehaviour())[name])
    for mobile in MOBILES
    for name in ("fullName", "pan", "maskedAadhaar")
)

LIST = "\n".join(("Email Address", *ROWS, "")).encode()
REQUEST = json.dumps({"mobile": MOBILES[0], "name": NAMES[0]}).encode()
BATCH = "\n".join(
    ("mobile,name", *map(",".join, zip(MOBILES, NAMES, strict=True)), "")
).encode()
#: Without a date, so that results are the same whenever they are made.
_COLUMNS = ("Email Address", "Valid")
_KINDS = frozenset(("clean", "all"))


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What a person does; `act` returns the job whose result has to arrive.

    `behaviour` are switches of the provider's simulator, `options` those of the world.
    """

    name: str
    provider: str
    act: Callable[[World], Job]
    behaviour: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def behave(self, site: Site) -> None:
        """Set the switches of the provider."""
        simulator = site.ipqs if self.provider == "ipqs" else site.txncheck
        simulator.behave(**self.behaviour)


def _upload(world: World, key: str, content: bytes) -> Job:
    job = world.upload(key, content)
    world.run()
    return job


def _cancel_and_retry(world: World, key: str, content: bytes) -> Job:
    """Start a job through the API, cancel it while it waits, and retry it."""
    job = world.upload(key, content, announce=False)
    world.start_job(job)
    world.run(until_state="Wait")
    world.cancel(job)
    world.run()
    world.retry(job)
    world.run()
    return job


def _ask_and_approve(world: World, key: str, content: bytes) -> Job:
    """Ask for the quote of a file, and approve it while the job waits."""
    job = world.upload(key, content, metadata={"courier-quote": "yes"})
    world.run(until_state="Approve")
    world.approve(job)
    world.run()
    return job


#: IPQS answers "not yet" to the first check.
_SLOW_IPQS: Mapping[str, Any] = {
    "seconds_new": 2.0,
    "seconds_processing": 2.0,
    "seconds_unique_results": 2.0,
    "seconds_finalizing": 2.0,
    "columns": _COLUMNS,
    "offered_kinds": _KINDS,
}
_SLOW_TXNCHECK: Mapping[str, Any] = {"seconds_queued": 2.0, "seconds_processing": 5.0}
_LIST_KEY = "ipqs/email/june list.csv"
_REQUEST_KEY = "txncheck/full-check/one person.json"
_BATCH_KEY = "txncheck/full-check/some people.csv"

#: By name; the first one of a provider is the one whose pairs of faults are all run.
SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="ipqs-list",
            provider="ipqs",
            act=lambda world: _upload(world, _LIST_KEY, LIST),
            behaviour=_SLOW_IPQS,
        ),
        Scenario(
            name="ipqs-api",
            provider="ipqs",
            act=lambda world: _cancel_and_retry(world, _LIST_KEY, LIST),
            behaviour=_SLOW_IPQS,
        ),
        Scenario(
            name="ipqs-approval",
            provider="ipqs",
            act=lambda world: _ask_and_approve(world, _LIST_KEY, LIST),
            behaviour=_SLOW_IPQS,
        ),
        Scenario(
            name="txncheck-request",
            provider="txncheck",
            act=lambda world: _upload(world, _REQUEST_KEY, REQUEST),
            behaviour=_SLOW_TXNCHECK,
        ),
        Scenario(
            name="txncheck-webhook",
            provider="txncheck",
            act=lambda world: _upload(world, _REQUEST_KEY, REQUEST),
            behaviour={"seconds_queued": 1.0, "seconds_processing": 1.0},
            options={"webhooks": True},
        ),
        Scenario(
            name="txncheck-batch",
            provider="txncheck",
            act=lambda world: _upload(world, _BATCH_KEY, BATCH),
            behaviour={"seconds_queued": 1.0, "seconds_processing": 1.0},
        ),
        Scenario(
            name="txncheck-api",
            provider="txncheck",
            act=lambda world: _cancel_and_retry(world, _REQUEST_KEY, REQUEST),
            behaviour=_SLOW_TXNCHECK,
        ),
    )
}
