"""Failed executions reach finalize_execution, or are kept."""

import pytest

from tests.infra.template import Template, text


@pytest.mark.fault(84)
def test_only_bad_ends_of_our_machine_are_sent(template: Template) -> None:
    """Good ends have recorded themselves; other machines are not ours."""
    _, rule = template.named("AWS::Events::Rule", "Reflection")
    (machine,) = template.resources("AWS::StepFunctions::StateMachine")

    assert rule["EventPattern"]["source"] == ["aws.states"]
    assert rule["EventPattern"]["detail"] == {
        "stateMachineArn": [{"Ref": machine}],
        "status": ["ABORTED", "FAILED", "TIMED_OUT"],
    }
    (target,) = rule["Targets"]
    assert "DeadLetterConfig" in target


def test_an_event_that_cannot_be_handled_is_kept(template: Template) -> None:
    """Lambda tries three times; then the event waits two weeks for a person."""
    _, invoke = template.named("AWS::Lambda::EventInvokeConfig", "Reflection")
    queue, dead_letters = template.named("AWS::SQS::Queue", "ReflectionDeadLetters")

    assert invoke["MaximumRetryAttempts"] == 2
    destination = text(invoke["DestinationConfig"]["OnFailure"]["Destination"])
    assert destination == f"<{queue}.Arn>"
    assert dead_letters["MessageRetentionPeriod"] == 14 * 86400
