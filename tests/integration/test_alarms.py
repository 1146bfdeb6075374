"""Each alarm notifies when its cause arises, and again when it is gone."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from functions.core.metrics import Metric
from infra import config
from local import sample
from local.simulators.ipqs import Answer
from local.stack import LOCAL_KEY, running, webhook_scheme
from tests.integration.harness import FULL_CHECK, IPQS_AT_ONCE, JobRunner
from tests.integration.stack_alarms import StackAlarms
from tools.runbook import RUNBOOK, anchors

#: With this scale, five minutes take half a second, and an hour six.
_PERIOD_SCALE = 1 / 600
_EMAILS = sample.emails(3)
_KEY = "ipqs/email/list.csv"
_UNREADABLE: Mapping[str, Any] = {
    "job_id": {"S": "unreadable"},
    "provider": {"S": "ipqs"},
    "outcome": {"S": "no outcome"},
    "late_check_at": {"N": "1"},
}


@pytest.fixture(scope="module")
def harness(assembly: Callable[[str], Path]) -> Iterator[StackAlarms]:
    """Run a stack for these tests alone: errors of others would raise its alarms."""
    with running(wait_scale=0.0, assembly=assembly("local")) as started:
        started.emulator.set_period_scale(_PERIOD_SCALE)
        yield StackAlarms.subscribed(started)


@pytest.fixture
def alarms(harness: StackAlarms) -> StackAlarms:
    """Return the harness once no alarm is active."""
    harness.stack.ipqs.reset()
    harness.stack.ipqs.behave(**IPQS_AT_ONCE)
    harness.wait_until_ok()
    return harness


def job_overdue(alarms: StackAlarms) -> None:
    """Write the metric: the deadline itself is a day away."""
    late = config.stage("local", config.context()["courier"]).longest_deadline_seconds
    alarms.write_metric(Metric.JOB_AGE_SECONDS, 2 * late, provider="ipqs")


def jobs_failing(alarms: StackAlarms) -> None:
    """Upload empty files."""
    runner = JobRunner(alarms.stack)
    job_ids = [runner.upload(f"ipqs/email/{n}.csv", b"") for n in range(4)]
    for job_id in job_ids:
        runner.wait_for_end(job_id)


def unreadable_message(alarms: StackAlarms) -> None:
    """Send what intake cannot read; without a visibility timeout of minutes."""
    sqs = alarms.stack.emulator.client("sqs")
    queue = alarms.stack.outputs["IntakeQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=queue, MessageBody="this is not JSON")


def key_changed(alarms: StackAlarms) -> None:
    """Change the key at the provider, and not in the secret."""
    alarms.stack.ipqs.rotate_key("another-key-that-opens-nothing")
    JobRunner(alarms.stack).run(_KEY, _EMAILS)


def no_credits(alarms: StackAlarms) -> None:
    """Write the metric: a job that waits would go on waiting until its deadline."""
    alarms.write_metric(Metric.JOBS_WAITING_FOR_CREDITS, 1, provider="ipqs")


def unknown_status_word(alarms: StackAlarms) -> None:
    """Make the provider use a new word."""
    alarms.stack.ipqs.behave(statuses=("SHUFFLING", "FINISHED"))
    JobRunner(alarms.stack).run(_KEY, _EMAILS)


def throttling(alarms: StackAlarms) -> None:
    """Make the provider throttle every check."""
    alarms.stack.ipqs.script("status", [Answer.http(429)] * 5_000)
    JobRunner(alarms.stack).upload(_KEY, _EMAILS)


def rows_unaccounted(alarms: StackAlarms) -> None:
    """Upload a list of which the provider returns half of the rows."""
    JobRunner(alarms.stack).run(_KEY, sample.repeated_in_quotes(_EMAILS))


def webhooks_missing(alarms: StackAlarms) -> None:
    """Lose every webhook, so that checks find the ends."""
    alarms.stack.emulator.set_wait_scale(0.005)
    alarms.stack.txncheck.reset()
    alarms.stack.txncheck.behave(
        webhook_scheme=webhook_scheme(),
        webhook_losses=math.inf,
        seconds_queued=0.0,
        seconds_processing=0.0,
    )
    runner = JobRunner(alarms.stack)
    job_ids = [
        runner.upload(f"txncheck/full-check/{n}.json", FULL_CHECK) for n in range(3)
    ]
    for job_id in job_ids:
        runner.wait_for_end(job_id)


def upload_not_aborted(alarms: StackAlarms) -> None:
    """Write the metric: S3 does not fail on demand here.

    `tests/faults` makes it fail, and shows that the metric is written.
    """
    alarms.write_metric(Metric.UPLOADS_NOT_ABORTED, 1)


def failing(handler: str, event: Mapping[str, object]) -> Callable[[StackAlarms], None]:
    """Return a cause that invokes a function with an event that makes it fail."""

    def fail(alarms: StackAlarms) -> None:
        assert alarms.invoke(handler, event) == "Unhandled"

    return fail


def restore_key(alarms: StackAlarms) -> None:
    """Make the provider accept the key in the secret."""
    alarms.stack.ipqs.rotate_key(LOCAL_KEY)


def stop_throttling(alarms: StackAlarms) -> None:
    """Make the provider answer again."""
    alarms.stack.ipqs.reset()


def restore_waits(alarms: StackAlarms) -> None:
    """Let waits be over at once, as in the other tests."""
    alarms.stack.emulator.set_wait_scale(0.0)


def purge(output: str) -> Callable[[StackAlarms], None]:
    """Return a repair that empties the queue that an output of the stack names."""

    def purge_queue(alarms: StackAlarms) -> None:
        queue = alarms.stack.outputs[output]
        alarms.stack.emulator.client("sqs").purge_queue(QueueUrl=queue)

    return purge_queue


def unreadable_job(alarms: StackAlarms) -> None:
    """Let the sweep find an item that no release writes."""
    alarms.stack.emulator.client("dynamodb").put_item(
        TableName=alarms.stack.outputs["JobsTable"], Item=_UNREADABLE
    )
    assert alarms.invoke("functions.sweep.handler", {}) == "Unhandled"


def remove_unreadable_job(alarms: StackAlarms) -> None:
    """Remove it, before the sweep finds it again."""
    alarms.stack.emulator.client("dynamodb").delete_item(
        TableName=alarms.stack.outputs["JobsTable"],
        Key={"job_id": _UNREADABLE["job_id"]},
    )


def dead_letter(output: str) -> Callable[[StackAlarms], None]:
    """Return a cause that sends a dead letter: AWS retries for minutes and hours."""

    def send(alarms: StackAlarms) -> None:
        queue = alarms.stack.outputs[output]
        alarms.stack.emulator.client("sqs").send_message(
            QueueUrl=queue, MessageBody="{}"
        )

    return send


def job_late(alarms: StackAlarms) -> None:
    """Write the metric: a deadline and a look of the sweep are a day away."""
    alarms.write_metric(Metric.JOBS_LATE, 2, provider="ipqs")


def wait_only(_alarms: StackAlarms) -> None:
    """Do nothing: the alarm ends by itself."""


#: By a part of the alarm's name: its cause, and the repair.
CASES = {
    "JobOverdue": (job_overdue, wait_only),
    "JobsFailing": (jobs_failing, wait_only),
    "DeadLettersOfIntake": (unreadable_message, purge("DeadLetterQueueUrl")),
    "DeadLettersOfFinalizeExecution": (
        dead_letter("ReflectDeadLetterQueueUrl"),
        purge("ReflectDeadLetterQueueUrl"),
    ),
    "DeadLettersOfSweep": (
        dead_letter("SweepDeadLetterQueueUrl"),
        purge("SweepDeadLetterQueueUrl"),
    ),
    "CredentialsRefused": (key_changed, restore_key),
    "CreditsUsedUp": (no_credits, wait_only),
    "UnknownStatusWord": (unknown_status_word, wait_only),
    "ProviderThrottling": (throttling, stop_throttling),
    "RowsUnaccounted": (rows_unaccounted, wait_only),
    "JobsLate": (job_late, wait_only),
    "WebhooksMissing": (webhooks_missing, restore_waits),
    "CleanUpFailing": (upload_not_aborted, wait_only),
    "ErrorsOfApi": (failing("functions.api.handler.handler", {}), wait_only),
    "ErrorsOfFinalizeExecution": (
        failing("functions.finalize_execution.handler", {}),
        wait_only,
    ),
    "ErrorsOfSweep": (unreadable_job, remove_unreadable_job),
    "ErrorsOfWebhook": (
        failing("functions.webhook.handler", {"pathParameters": [1]}),
        wait_only,
    ),
}


@pytest.mark.parametrize("alarm", CASES)
def test_an_alarm_notifies_of_its_start_and_its_end(
    alarms: StackAlarms, alarm: str
) -> None:
    """Nobody knows of an alarm that was never raised whether it can be."""
    provoke, repair = CASES[alarm]

    provoke(alarms)

    raised = alarms.wait_for_message(alarm, "ALARM")
    assert raised["AlarmDescription"].rpartition("#")[2] in anchors(RUNBOOK.read_text())
    composite = alarms.wait_for_message("AlarmsAny", "ALARM")
    assert composite["AlarmRule"].startswith("(ALARM(")

    repair(alarms)

    assert alarms.wait_for_message(alarm, "OK")
    assert alarms.wait_for_message("AlarmsAny", "OK")


def test_every_alarm_is_raised_here(harness: StackAlarms) -> None:
    """A new alarm needs a case."""
    cloudwatch = harness.stack.emulator.client("cloudwatch")
    found = cloudwatch.describe_alarms()["MetricAlarms"]

    assert len(found) == len(CASES)
    for name in CASES:
        assert any(name in alarm["AlarmName"] for alarm in found)
