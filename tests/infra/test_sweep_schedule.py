"""The sweep runs at regular intervals, and a run that fails is kept."""

from tests.infra.template import Template, text


def test_the_sweep_runs_every_quarter_of_an_hour(template: Template) -> None:
    """Nothing else looks at a job that timed out."""
    _, rule = template.named("AWS::Events::Rule", "SweepSchedule")
    function, _ = template.named("AWS::Lambda::Function", "Sweep")
    queue, _ = template.named("AWS::SQS::Queue", "SweepScheduleDeadLetters")

    assert rule["ScheduleExpression"] == "rate(15 minutes)"
    assert rule["State"] == "ENABLED"
    assert "EventPattern" not in rule
    (target,) = rule["Targets"]
    assert text(target["Arn"]) == f"<{function}.Arn>"
    assert text(target["DeadLetterConfig"]["Arn"]) == f"<{queue}.Arn>"


def test_a_sweep_that_fails_three_times_is_kept(template: Template) -> None:
    """A dead letter has an alarm; a call that is dropped has none."""
    _, invoke = template.named("AWS::Lambda::EventInvokeConfig", "SweepSchedule")
    queue, dead_letters = template.named("AWS::SQS::Queue", "SweepScheduleDeadLetters")

    assert invoke["MaximumRetryAttempts"] == 2
    destination = text(invoke["DestinationConfig"]["OnFailure"]["Destination"])
    assert destination == f"<{queue}.Arn>"
    assert dead_letters["MessageRetentionPeriod"] == 14 * 86400


def test_the_index_of_late_checks_has_keys_only(template: Template) -> None:
    """A copy of the other attributes would be written with every look."""
    _, table = template.named("AWS::DynamoDB::Table", "Jobs")
    (index,) = (
        index
        for index in table["GlobalSecondaryIndexes"]
        if index["IndexName"] == "late_checks"
    )

    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
