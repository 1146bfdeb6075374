"""The settings of the state machine, its time-outs and its retries."""

import re

import pytest

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CourierError,
    ProviderThrottled,
    ProviderUnavailable,
)
from functions.providers.ipqs.responses import KINDS
from tests.infra.template import Json, Template, states, text

#: In the resource of a task that waits for a callback, not for its function.
TOKEN = ".waitForTaskToken"


def retry_seconds(rule: Json) -> float:
    """Return how long the retries of a rule may wait in all."""
    return sum(
        min(
            float(rule["IntervalSeconds"] * rule["BackoffRate"] ** number),
            float(rule["MaxDelaySeconds"]),
        )
        for number in range(rule["MaxAttempts"])
    )


def max_seconds(state: Json) -> float:
    """Return how long a task may take with all retries and the waits between them."""
    attempts = 1 + sum(rule["MaxAttempts"] for rule in state["Retry"])
    waits = sum(map(retry_seconds, state["Retry"]))
    return float(state["TimeoutSeconds"] * attempts + waits)


def called_function(state: Json) -> str:
    """Return the function that a task calls, else its resource."""
    arguments = state.get("Parameters", {}) | state.get("Arguments", {})
    return str(arguments.get("FunctionName", state["Resource"])).removesuffix(
        ":$LATEST"
    )


def test_the_history_is_encrypted_with_our_key(template: Template) -> None:
    """It keeps inputs and outputs for ninety days."""
    (key,) = template.resources("AWS::KMS::Key")
    machine = template.only("AWS::StepFunctions::StateMachine")
    encryption = machine["EncryptionConfiguration"]

    assert encryption["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert text(encryption["KmsKeyId"]) == f"<{key}.Arn>"


def test_every_step_is_logged_without_its_data(template: Template) -> None:
    """Operators may see what happened, but not what was sent."""
    machine = template.only("AWS::StepFunctions::StateMachine")
    logging = machine["LoggingConfiguration"]

    assert logging["Level"] == "ALL"
    assert logging["IncludeExecutionData"] is False
    assert logging["Destinations"]
    assert machine["TracingConfiguration"] == {"Enabled": True}


@pytest.mark.fault(98)
def test_the_machine_outlasts_the_slowest_job(template: Template) -> None:
    """An execution that times out can neither record nor announce its outcome.

    A job may wait for one deadline to be submitted and for another to be finished. It
    has either results of its own or those of a batch. Listen is part of the waiting.
    """
    providers = template.provider_settings().values()
    definition = template.definition()
    tasks = {
        name: max_seconds(state)
        for name, state in states(definition)
        if state["Type"] == "Task" and "TimeoutSeconds" in state
    }
    results = tasks.pop("Download") * len(KINDS)
    request = [tasks.pop(name) for name in tuple(tasks) if name.endswith(" request")]
    batch = tasks.pop("Prepare") + tasks.pop("Gather") + sum(request)
    working = sum(tasks.values()) + max(results, batch)

    waiting = 2 * max(provider["poll"]["deadline_seconds"] for provider in providers)
    assert definition["TimeoutSeconds"] > waiting + working


@pytest.mark.fault(98)
@pytest.mark.parametrize(
    "error",
    [AnswerLost, AnswerUnreadable, ProviderThrottled, ProviderUnavailable],
)
def test_a_download_outlasts_an_outage(
    template: Template, error: type[CourierError]
) -> None:
    """A result that is paid for is not given up after an hour without the provider."""
    (download,) = (s for n, s in states(template.definition()) if n == "Download")

    rule = next(r for r in download["Retry"] if error.__name__ in r["ErrorEquals"])

    jittered = retry_seconds(rule) / 2  # the average with FULL jitter
    assert jittered >= 3600


@pytest.mark.fault(79)
def test_errors_of_the_lambda_service_are_retried(template: Template) -> None:
    """The CDK's rule for these errors is off, so ours has to contain all of them."""
    service_errors = {
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ResourceConflictException",  # while its code is being replaced
        "Lambda.ResourceNotReadyException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    }

    for name, state in states(template.definition()):
        if "FunctionName" in state.get("Parameters", {}):
            retried = {e for rule in state["Retry"] for e in rule["ErrorEquals"]}
            assert service_errors <= retried, name


@pytest.mark.fault(80)
def test_a_task_outlasts_the_function_that_it_calls(template: Template) -> None:
    """Otherwise a retry could start while the first call runs, and submit twice."""
    timeouts = {
        f"<{name}.Arn>": function["Timeout"]
        for name, function in template.properties("AWS::Lambda::Function").items()
    }
    tasks = {
        name: state
        for name, state in states(template.definition())
        if state["Type"] == "Task" and TOKEN not in state["Resource"]
    }

    assert any(called_function(state) in timeouts for state in tasks.values())
    for name, state in tasks.items():
        if ":lambda:" in state["Resource"] or called_function(state) in timeouts:
            assert state["TimeoutSeconds"] > timeouts[called_function(state)], name
        else:
            assert "TimeoutSeconds" in state, name


def test_states_and_choices_are_explained_in_the_console(template: Template) -> None:
    """An operator who sees the graph for the first time can follow a job through it.

    The default of a choice cannot have a comment.
    """
    definition = template.definition()

    assert definition["Comment"]
    for name, state in states(definition):
        assert re.fullmatch(r"[A-Z][a-z]+( request)?", name)
        assert state["Comment"]
        assert all(choice["Comment"] for choice in state.get("Choices", []))


def test_the_console_shows_what_failed_and_what_to_do(template: Template) -> None:
    """The error names a section of the run-book; the cause is the advice."""
    failed = dict(states(template.definition()))["Failed"]

    assert (failed["ErrorPath"], failed["CausePath"]) == ("$.error", "$.advice")
