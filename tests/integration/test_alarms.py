"""What a stack logs in trouble raises the alarm that the template has for it."""

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local import sample
from local.simulators.ipqs import Answer
from local.stack import LOCAL_KEY
from tests.infra.alarm_state import AlarmState
from tests.infra.alarms import Point, points_of, state_at
from tests.infra.template import Template
from tests.integration.harness import FULL_CHECK, JobRunner, wait_for

_EMAILS = sample.emails(3)
_KEY = "ipqs/email/list.csv"
_UNREADABLE: Mapping[str, Any] = {
    "job_id": {"S": "unreadable"},
    "provider": {"S": "ipqs"},
    "outcome": {"S": "no outcome"},
    "late_check_at": {"N": "1"},
}


def jobs_failing(runner: JobRunner) -> None:
    """Upload empty files."""
    jobs = [runner.upload(f"ipqs/email/{number}.csv", b"") for number in range(4)]
    for job_id in jobs:
        runner.wait_for_end(job_id)


def key_changed(runner: JobRunner) -> None:
    """Change the key at the provider, and not in the secret."""
    runner.stack.ipqs.rotate_key("another-key-that-opens-nothing")
    runner.run(_KEY, _EMAILS)
    runner.stack.ipqs.rotate_key(LOCAL_KEY)


def unknown_status_word(runner: JobRunner) -> None:
    """Make the provider use a new word."""
    runner.stack.ipqs.behave(statuses=("SHUFFLING", "FINISHED"))
    runner.run(_KEY, _EMAILS)


def rows_unaccounted(runner: JobRunner) -> None:
    """Upload a list of which the provider returns one row."""
    runner.lose_rows()
    runner.run(_KEY, _EMAILS)


def webhooks_missing(runner: JobRunner) -> None:
    """Lose every webhook, so that checks find the ends."""
    runner.stack.emulator.set_wait_scale(0.005)
    runner.stack.txncheck.behave(
        webhook_losses=math.inf, seconds_queued=0.0, seconds_processing=0.0
    )
    jobs = [
        runner.upload(f"txncheck/full-check/{number}.json", FULL_CHECK)
        for number in range(3)
    ]
    for job_id in jobs:
        runner.wait_for_end(job_id)


@pytest.mark.parametrize(
    ("alarm", "trouble"),
    [
        ("JobsFailing", jobs_failing),
        ("CredentialsRefused", key_changed),
        ("UnknownStatusWord", unknown_status_word),
        ("RowsUnaccounted", rows_unaccounted),
        ("WebhooksMissing", webhooks_missing),
    ],
)
@pytest.mark.usefixtures("txncheck")
def test_trouble_raises_its_alarm(
    runner: JobRunner,
    assembly: Callable[[str], Path],
    alarm: str,
    trouble: Callable[[JobRunner], None],
) -> None:
    """`tests/infra` has every alarm; here the code itself writes the lines."""
    _, properties = Template.read(assembly("local")).named(
        "AWS::CloudWatch::Alarm", alarm
    )
    began = time.time()
    runner.stack.emulator.set_wait_scale(0.0)

    trouble(runner)

    def raised() -> bool:
        state = state_at(time.time(), properties, _measured(runner, since=began))
        return state is AlarmState.ALARM

    assert wait_for(raised)


def test_throttling_of_half_an_hour_raises_its_alarm(
    runner: JobRunner, assembly: Callable[[str], Path]
) -> None:
    """The checks of a job write one line each; half an hour of them is an alarm."""
    _, properties = Template.read(assembly("local")).named(
        "AWS::CloudWatch::Alarm", "ProviderThrottling"
    )
    began = time.time()
    runner.stack.ipqs.script("status", [Answer.http(429)])
    runner.run(_KEY, _EMAILS)
    line = wait_for(
        lambda: [p for p in _measured(runner, since=began) if "Throttles" in p.name]
    )

    every_five_minutes = [
        Point(
            namespace=point.namespace,
            name=point.name,
            dimensions=point.dimensions,
            time=point.time - 300 * number,
            value=point.value,
        )
        for point in line
        for number in range(6)
    ]
    now = max(point.time for point in line) + 1
    assert state_at(now, properties, every_five_minutes) is AlarmState.ALARM
    assert state_at(now, properties, line) is AlarmState.OK


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        ("functions.api.handler.handler", {}),
        ("functions.finalize_execution.handler", {}),
        ("functions.webhook.handler", {"pathParameters": [1]}),
    ],
)
def test_what_a_function_cannot_read_is_an_error_of_lambda(
    runner: JobRunner, handler: str, event: Mapping[str, object]
) -> None:
    """Lambda counts only what a handler raises, and these alarms watch that count."""
    assert runner.invoke(handler, event) == "Unhandled"


def test_an_unreadable_job_is_an_error_of_the_sweep(runner: JobRunner) -> None:
    """No release writes such an item; the sweep must not pass over it in silence."""
    dynamodb = runner.stack.emulator.client("dynamodb")
    table = runner.stack.outputs["JobsTable"]
    dynamodb.put_item(TableName=table, Item=_UNREADABLE)
    try:
        failure = runner.invoke("functions.sweep.handler", {})
    finally:
        key = {"job_id": _UNREADABLE["job_id"]}
        dynamodb.delete_item(TableName=table, Key=key)

    assert failure == "Unhandled"


def _measured(runner: JobRunner, *, since: float) -> list[Point]:
    """Return what the functions have measured in a stack since a time."""
    points = [
        point
        for line in runner.log_lines('"_aws"')
        for point in points_of(json.loads(line))
    ]
    return [point for point in points if point.time >= since]
