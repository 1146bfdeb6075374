"""Sinks: no secret is in any place that a run of either provider writes to."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from functions.core.model import Job
from tests.faults.findings import leaks, sinks
from tests.faults.runs import Runner
from tests.faults.scenarios import FOUND_OUT, MOBILES, NAMES, ROWS, SCENARIOS
from tests.world.memory_aws.dynamodb import Table
from tests.world.memory_aws.s3 import Version
from tests.world.site import IPQS_KEY, TXNCHECK_KEY, WEBHOOK_SECRET, Site
from tests.world.state_machine import Execution
from tests.world.world import World

pytestmark = pytest.mark.fault(85)

_TOKEN = "0a1B" * 64
#: One of every sort.
_SECRETS = {
    "key of IPQS": IPQS_KEY,
    "key of TxnCheck": TXNCHECK_KEY,
    "secret of webhooks": WEBHOOK_SECRET,
    "token of a link": _TOKEN,
    "link": f"https://downloads.example/download?download={_TOKEN}&f=clean",
    "e-mail": ROWS[0],
    "phone": MOBILES[0],
    "name": NAMES[0],
    "name that was found out": FOUND_OUT[0],
    "PAN": FOUND_OUT[1],
    "Aadhaar": FOUND_OUT[2],
}


def _put(world: World, key: str, **version: Any) -> None:  # noqa: ANN401 - fields of Version
    planted = Version(version_id="planted", **{"content": b"", **version})
    world.s3.buckets[world.results] = {key: [planted]}


def _execution(world: World) -> Execution:
    return next(iter(world.machine.executions.values()))


def _set_variable(world: World, secret: str) -> None:
    planted = {"submit": {"COURIER_PLANTED": secret}}
    world.deployment = replace(world.deployment, variables=planted)


def _write_item(table: Table, secret: str) -> None:
    table.items["planted"] = {"error": {"S": secret}}


def _only(values: list[Any], value: object) -> None:
    values[:] = [value]


#: How a secret gets into each place, instead of the one before it.
_PLANTS: dict[str, Callable[[World, str], None]] = {
    "log": lambda world, secret: setattr(world, "log", StringIO(secret)),
    "history": lambda world, secret: _only(_execution(world).events, {"x": secret}),
    "history: of a request": lambda world, secret: _only(
        _execution(world).children, ({"x": secret}, [])
    ),
    "causes": lambda world, secret: setattr(_execution(world), "cause", secret),
    "notices": lambda world, secret: _only(world.sns.messages, {"Message": secret}),
    "notices: attributes": lambda world, secret: _only(
        world.sns.messages, {"MessageAttributes": {"x": {"StringValue": secret}}}
    ),
    "dead letters": lambda world, secret: _only(world.dead_letters, secret),
    "table": lambda world, secret: _write_item(world.jobs, secret),
    "table: of waits": lambda world, secret: _write_item(world.waits, secret),
    "objects": lambda world, secret: _put(world, f"ipqs/{secret}"),
    "objects: metadata": lambda world, secret: _put(
        world, "planted", metadata={"x": secret}
    ),
    "manifests": lambda world, secret: _put(
        world, "x/manifest-2.json", content=json.dumps({"x": secret}).encode()
    ),
    "environment": _set_variable,
}
_BY_SCENARIO = pytest.mark.parametrize("scenario", SCENARIOS)
_OF_BOTH_PROVIDERS = pytest.mark.parametrize(
    "scenario", ["ipqs-list", "txncheck-batch"]
)


def _ended(site: Site, name: str) -> tuple[World, Job]:
    """Return a world after a run without faults."""
    scenario = SCENARIOS[name]
    world = World(site, **scenario.options)
    scenario.behave(site)
    return world, scenario.act(world)


@_BY_SCENARIO
def test_no_place_has_a_secret(site: Site, log: StringIO, scenario: str) -> None:
    """Histories are kept for ninety days, and logs are read by many people."""
    world, job = _ended(site, scenario)
    world.log.write(log.getvalue())  # the fixture has what the functions log

    assert [*leaks(world, Runner(site).canary)] == []

    # The secrets were really there, and places to leak into as well.
    results = b"".join(world.objects(job).values()).decode(errors="replace")
    there = ROWS if job.provider == "ipqs" else FOUND_OUT[:3]
    assert all(each in results for each in there)
    empty = {place for place, text in sinks(world).items() if len(text) < 3}
    assert empty - {"causes"} == {"dead letters"}  # a cause is of what failed


@_OF_BOTH_PROVIDERS
@pytest.mark.parametrize("place", _PLANTS)
def test_a_secret_of_any_sort_is_found_in_any_place(
    site: Site, scenario: str, place: str
) -> None:
    """A search that could find nothing would pass every other test."""
    world, _ = _ended(site, scenario)
    canary = Runner(site).canary
    for sort, secret in _SECRETS.items():
        _PLANTS[place](world, secret)

        found = {finding.text.partition(":")[0] for finding in leaks(world, canary)}

        assert found == {place.partition(":")[0]}, sort
