"""Each alarm goes off for a cause, is heard, and is quiet when the cause is gone."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from functions.core.metrics import Metric
from infra import config
from local import sample
from local.simulators.ipqs import Answer
from local.stack import LOCAL_KEY, LocalStack, running, webhook_scheme
from tests.integration.alarm_harness import Operations
from tests.integration.harness import JobRunner
from tools.runbook import RUNBOOK, anchors

#: Five minutes are half a second then, and an hour six.
_PERIODS = 1 / 600
_EMAILS = sample.emails(3)
_KEY = "ipqs/email/list.csv"
_FULL_CHECK = json.dumps({"mobile": "+919812345670", "name": "Asha Example"}).encode()


@pytest.fixture(scope="module")
def watched(assembly: Callable[[str], Path]) -> Iterator[LocalStack]:
    """Run a stack of these tests' own: whatever others provoke would go off here."""
    with running(wait_scale=0.0, assembly=assembly("local")) as started:
        started.emulator.set_period_scale(_PERIODS)
        yield started


@pytest.fixture(scope="module")
def _subscribed(watched: LocalStack) -> Operations:
    return Operations.subscribed(watched)


@pytest.fixture
def operations(_subscribed: Operations) -> Operations:
    """Give the operations of a stack in which all is well."""
    stack = _subscribed.stack
    stack.ipqs.reset()
    at_once = dict.fromkeys(("seconds_new", "seconds_processing"), 0.0)
    at_once |= dict.fromkeys(("seconds_unique_results", "seconds_finalizing"), 0.0)
    stack.ipqs.behave(**at_once)
    _subscribed.quiet()
    return _subscribed


def a_job_overdue(operations: Operations) -> None:
    """Told by the metric's own line: the deadline itself is a day away."""
    late = config.stage("local", config.context()["courier"]).longest_deadline_seconds
    operations.write(Metric.JOB_AGE_SECONDS, 2 * late, provider="ipqs")


def jobs_failing(operations: Operations) -> None:
    """Files that hold nothing."""
    courier = JobRunner(operations.stack)
    dropped = [courier.upload(f"ipqs/email/{n}.csv", b"") for n in range(4)]
    for job_id in dropped:
        courier.wait_for_end(job_id)


def an_unreadable_message(operations: Operations) -> None:
    """It goes aside after its receipts, for each of which a test would wait minutes."""
    stack = operations.stack
    sqs, queue = stack.emulator.client("sqs"), stack.outputs["IntakeQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=queue, MessageBody="this is not JSON")


def a_lost_end(operations: Operations) -> None:
    """Put there by hand: EventBridge and Lambda take minutes and hours to give up."""
    operations.stack.emulator.client("sqs").send_message(
        QueueUrl=operations.stack.outputs["ReflectDeadLetterQueueUrl"], MessageBody="{}"
    )


def another_key(operations: Operations) -> None:
    """Somebody changes the key at the provider, and forgets the secret."""
    operations.stack.ipqs.rotate_key("another-key-that-opens-nothing")
    JobRunner(operations.stack).run(_KEY, _EMAILS)


def no_credits(operations: Operations) -> None:
    """The account has one credit left, and the list three rows."""
    operations.stack.ipqs.behave(credits=1)
    JobRunner(operations.stack).run(_KEY, _EMAILS)


def a_new_word(operations: Operations) -> None:
    """The provider has learnt a word."""
    operations.stack.ipqs.behave(statuses=("SHUFFLING", "FINISHED"))
    JobRunner(operations.stack).run(_KEY, _EMAILS)


def throttling(operations: Operations) -> None:
    """The provider refuses every check, again and again."""
    operations.stack.ipqs.script("status", [Answer.http(429)] * 5_000)
    JobRunner(operations.stack).upload(_KEY, _EMAILS)


def no_webhooks(operations: Operations) -> None:
    """They are sent, and go astray; the checks find the ends."""
    operations.stack.emulator.set_wait_scale(0.005)
    operations.stack.txncheck.reset()
    operations.stack.txncheck.behave(
        webhook_scheme=webhook_scheme(),
        webhook_losses=math.inf,
        seconds_queued=0.0,
        seconds_processing=0.0,
    )
    courier = JobRunner(operations.stack)
    dropped = [
        courier.upload(f"txncheck/full-check/{n}.json", _FULL_CHECK) for n in range(3)
    ]
    for job_id in dropped:
        courier.wait_for_end(job_id)


def an_upload_left(operations: Operations) -> None:
    """Told by the metric's own line: S3 here does not fail on demand.

    That the line is written is shown where its calls can be made to fail.
    """
    operations.write(Metric.UPLOADS_NOT_ABORTED, 1)


def _failing(
    function: str, event: Mapping[str, object]
) -> Callable[[Operations], None]:
    def fail(operations: Operations) -> None:
        assert operations.call(function, event) == "Unhandled"

    return fail


def the_right_key(operations: Operations) -> None:
    """What a person does about it."""
    operations.stack.ipqs.rotate_key(LOCAL_KEY)


def patience(operations: Operations) -> None:
    """The provider takes calls again."""
    operations.stack.ipqs.reset()


def in_time(operations: Operations) -> None:
    """Waits are over at once, as for the other tests."""
    operations.stack.emulator.set_wait_scale(0.0)


def _emptied(output: str) -> Callable[[Operations], None]:
    def empty(operations: Operations) -> None:
        queue = operations.stack.outputs[output]
        operations.stack.emulator.client("sqs").purge_queue(QueueUrl=queue)

    return empty


def nothing(_operations: Operations) -> None:
    """It passes by itself."""


CASES = {
    "JobOverdue": (a_job_overdue, nothing),
    "JobsFailing": (jobs_failing, nothing),
    "DeadLettersOfIntake": (an_unreadable_message, _emptied("DeadLetterQueueUrl")),
    "DeadLettersOfReflect": (a_lost_end, _emptied("ReflectDeadLetterQueueUrl")),
    "CredentialsRefused": (another_key, the_right_key),
    "CreditsUsedUp": (no_credits, nothing),
    "UnknownStatusWord": (a_new_word, nothing),
    "ProviderThrottling": (throttling, patience),
    "WebhooksMissing": (no_webhooks, in_time),
    "CleanUpFailing": (an_upload_left, nothing),
    "ErrorsOfApi": (_failing("api", {}), nothing),
    "ErrorsOfReflect": (_failing("reflect", {}), nothing),
    "ErrorsOfWebhook": (_failing("webhook", {"pathParameters": [1]}), nothing),
}


@pytest.mark.parametrize("alarm", CASES)
def test_goes_off_is_heard_and_is_quiet_again(
    operations: Operations, alarm: str
) -> None:
    """One that never went off is one of which nobody knows whether it would."""
    provoke, mend = CASES[alarm]

    provoke(operations)

    told = operations.hears(alarm, "ALARM")
    assert told["AlarmDescription"].rpartition("#")[2] in anchors(RUNBOOK.read_text())
    whole = operations.hears("AlarmsAny", "ALARM")
    assert whole["AlarmRule"].startswith("(ALARM(")

    mend(operations)

    assert operations.hears(alarm, "OK")
    assert operations.hears("AlarmsAny", "OK")


def test_every_alarm_has_a_cause_here(watched: LocalStack) -> None:
    """A new alarm without one is not believed."""
    found = watched.emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]

    assert len(found) == len(CASES)
    for name in CASES:
        assert any(name in alarm["AlarmName"] for alarm in found)
