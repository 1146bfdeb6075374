"""Each alarm goes off from what the code measures then, and from nothing less."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from functions.core.metrics import STAGE, Metric, emf_document
from functions.core.model import Outcome
from functions.core.rows import RowsVerdict
from tests.infra.alarm_state import AlarmState
from tests.infra.alarms import Point, points_of, state_at
from tests.infra.template import Template, text

NOW = 1_800_000_000.0
MINUTE = 60
#: By then nothing is left in the periods of any alarm.
LATER = NOW + 24 * 3600
#: What happens to a stack, as the values that are measured.
Cause = Callable[[Template], Iterable[Point]]


def measured(
    metric: Metric, value: float = 1, *, times: int = 1, every: float = 0, **fields: str
) -> Cause:
    """Return a cause: the log lines of the code, the last one a minute ago."""

    def cause(template: Template) -> Iterator[Point]:
        stage = template.environment("check")["COURIER_STAGE"]
        for number in range(times):
            line = emf_document(
                {metric: value},
                {STAGE: stage, "provider": "ipqs", "type": "email", **fields},
                now=NOW - MINUTE - number * every,
            )
            yield from points_of(line)

    return cause


def function_error(module: str) -> Cause:
    """Return a cause: Lambda counts an error of the function."""

    def cause(template: Template) -> Iterator[Point]:
        (name,) = (
            name
            for name, properties in template.properties("AWS::Lambda::Function").items()
            if properties["Handler"].startswith(f"functions.{module}.")
        )
        yield of_aws("AWS/Lambda", "Errors", {"FunctionName": f"<{name}>"})

    return cause


def dead_letter(output: str) -> Cause:
    """Return a cause: SQS counts a message in the queue that an output names."""

    def cause(template: Template) -> Iterator[Point]:
        queue = text(template.body["Outputs"][output]["Value"]).strip("<>")
        yield of_aws(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": f"<{queue}.QueueName>"},
        )

    return cause


def of_aws(namespace: str, name: str, dimensions: dict[str, str]) -> Point:
    """Return a 1 that AWS itself measured a minute ago."""
    return Point(
        namespace=namespace,
        name=name,
        dimensions=dimensions,
        time=NOW - MINUTE,
        value=1,
    )


def all_of(*causes: Cause) -> Cause:
    """Return a cause of several."""
    return lambda template: [point for cause in causes for point in cause(template)]


def age(of_deadline: float) -> Cause:
    """Return a cause: a job is so old, in parts of the longest deadline."""

    def cause(template: Template) -> Iterable[Point]:
        providers = template.provider_settings().values()
        deadline = max(provider["poll"]["deadline_seconds"] for provider in providers)
        return measured(Metric.JOB_AGE_SECONDS, deadline * of_deadline)(template)

    return cause


def ended(outcome: Outcome, times: int) -> Cause:
    """Return a cause: jobs end within the hour."""
    return measured(Metric.JOBS_ENDED, times=times, every=MINUTE, outcome=outcome)


def refused(error: str) -> Cause:
    """Return a cause: a step meets an error."""
    return measured(Metric.STEP_ERRORS, error=error)


def verdict(word: RowsVerdict) -> Cause:
    """Return a cause: a job ends with a verdict on its rows."""
    return measured(Metric.MANIFESTS, verdict=word)


def missed(times: int) -> Cause:
    """Return a cause: checks notice ends without a webhook."""
    return measured(Metric.WEBHOOKS_MISSED, times=times)


def heard(word: str, times: int) -> Cause:
    """Return a cause: webhooks come in."""
    return measured(Metric.WEBHOOKS, times=times, heard=word)


def throttled(periods: int) -> Cause:
    """Return a cause: a provider throttles in so many periods of five minutes."""
    return measured(Metric.PROVIDER_THROTTLES, times=periods, every=5 * MINUTE)


#: By the end of an alarm's logical id: what it is there for.
RINGS: list[tuple[str, Cause]] = [
    ("JobOverdue", age(2)),
    ("JobsFailing", ended(Outcome.FAILED, 4)),
    ("JobsFailing", ended(Outcome.TIMED_OUT, 4)),
    ("JobsFailing", all_of(ended(Outcome.FAILED, 4), ended(Outcome.SUCCEEDED, 11))),
    ("DeadLettersOfIntake", dead_letter("DeadLetterQueueUrl")),
    ("DeadLettersOfFinalizeExecution", dead_letter("ReflectDeadLetterQueueUrl")),
    ("DeadLettersOfSweep", dead_letter("SweepDeadLetterQueueUrl")),
    ("CredentialsRefused", refused("CredentialsRejected")),
    ("CredentialsRefused", refused("CredentialsMissing")),
    ("CredentialsRefused", refused("AccountRefused")),
    ("CreditsUsedUp", measured(Metric.JOBS_WAITING_FOR_CREDITS)),
    ("QuoteUnanswered", measured(Metric.APPROVAL_WAIT_SECONDS, 90_000)),
    ("UnknownStatusWord", measured(Metric.UNKNOWN_STATUS_WORDS)),
    ("ProviderThrottling", throttled(6)),
    ("RowsUnaccounted", verdict(RowsVerdict.UNACCOUNTED)),
    ("RowsUnaccounted", verdict(RowsVerdict.CONTRADICTORY)),
    ("RowsUnaccounted", verdict(RowsVerdict.UNJOINED)),
    ("JobsLate", measured(Metric.JOBS_LATE, 2)),
    ("WebhooksMissing", missed(3)),
    ("WebhooksMissing", all_of(missed(3), heard("woke", 1), heard("early", 1))),
    ("CleanUpFailing", measured(Metric.UPLOADS_NOT_ABORTED)),
    ("ErrorsOfApi", function_error("api.handler")),
    ("ErrorsOfFinalizeExecution", function_error("finalize_execution")),
    ("ErrorsOfSweep", function_error("sweep")),
    ("ErrorsOfWebhook", function_error("webhook")),
]
#: Less than that, or something else.
SILENT: list[tuple[str, Cause]] = [
    ("JobOverdue", age(1)),
    ("JobsFailing", ended(Outcome.FAILED, 3)),
    ("JobsFailing", all_of(ended(Outcome.FAILED, 4), ended(Outcome.SUCCEEDED, 12))),
    ("DeadLettersOfIntake", dead_letter("SweepDeadLetterQueueUrl")),
    ("CredentialsRefused", refused("SourceEmpty")),
    ("QuoteUnanswered", measured(Metric.APPROVAL_WAIT_SECONDS, 86_400)),
    ("ProviderThrottling", throttled(5)),
    ("RowsUnaccounted", verdict(RowsVerdict.COMPLETE)),
    ("WebhooksMissing", missed(2)),
    ("WebhooksMissing", all_of(missed(3), heard("woke", 2), heard("early", 1))),
    ("ErrorsOfWebhook", function_error("sweep")),
]


@pytest.mark.parametrize(("alarm", "cause"), RINGS)
def test_an_alarm_goes_off_and_ends(
    template: Template, alarm: str, cause: Cause
) -> None:
    """Nobody knows of an alarm that was never raised whether it can be."""
    properties = _alarm(template, alarm)
    points = [*cause(template)]

    assert state_at(NOW, properties, []) is AlarmState.OK
    assert state_at(NOW, properties, points) is AlarmState.ALARM
    assert state_at(LATER, properties, points, AlarmState.ALARM) is AlarmState.OK


@pytest.mark.parametrize(("alarm", "cause"), SILENT)
def test_an_alarm_is_silent_at_less(
    template: Template, alarm: str, cause: Cause
) -> None:
    """A threshold that is too low wakes people for nothing."""
    assert state_at(NOW, _alarm(template, alarm), cause(template)) is AlarmState.OK


@pytest.mark.parametrize("alarm", sorted({name for name, _ in RINGS}))
def test_an_alarm_hears_its_own_stage_only(template: Template, alarm: str) -> None:
    """The stages of an account share the namespace."""
    points = [
        Point(
            namespace=point.namespace,
            name=point.name,
            dimensions={**point.dimensions, STAGE: "another"},
            time=point.time,
            value=point.value,
        )
        for name, cause in RINGS
        if name == alarm
        for point in cause(template)
    ]

    assert state_at(NOW, _alarm(template, alarm), points) is AlarmState.OK


def test_every_alarm_is_raised_here(template: Template) -> None:
    """A new alarm needs a cause."""
    alarms = template.properties("AWS::CloudWatch::Alarm").values()

    raised = [_alarm(template, name) for name in {name for name, _ in RINGS}]
    assert len(raised) == len(alarms)
    assert all(alarm in raised for alarm in alarms)


def _alarm(template: Template, part: str) -> dict[str, object]:
    return template.named("AWS::CloudWatch::Alarm", part)[1]
