"""How the state machine is set, and the order of its time-outs."""

import json
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

#: What the task of a wait has in its resource: the call is not what takes its time.
TOKEN = ".waitForTaskToken"


def machine(template: Template) -> Json:
    """Return the properties of the only state machine."""
    (properties,) = template.properties("AWS::StepFunctions::StateMachine").values()
    return properties


def pauses(rule: Json) -> float:
    """Return the longest that a rule's retries may wait, in all."""
    return sum(
        min(
            float(rule["IntervalSeconds"] * rule["BackoffRate"] ** number),
            float(rule["MaxDelaySeconds"]),
        )
        for number in range(rule["MaxAttempts"])
    )


def longest(state: Json) -> float:
    """Return how long a task may take, its retries and their pauses included."""
    attempts = 1 + sum(rule["MaxAttempts"] for rule in state["Retry"])
    waits = sum(map(pauses, state["Retry"]))
    return float(state["TimeoutSeconds"] * attempts + waits)


def called(state: Json) -> str:
    """Return the reference to the function that a task calls, or nothing."""
    arguments = state.get("Parameters", {}) | state.get("Arguments", {})
    return str(arguments.get("FunctionName", state["Resource"])).removesuffix(
        ":$LATEST"
    )


def test_the_history_is_encrypted_with_our_key(template: Template) -> None:
    """Inputs and outputs stay in it for ninety days."""
    (key,) = template.resources("AWS::KMS::Key")
    encryption = machine(template)["EncryptionConfiguration"]

    assert encryption["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert text(encryption["KmsKeyId"]) == f"<{key}.Arn>"


def test_every_step_is_logged_but_no_data(template: Template) -> None:
    """What happened is for everyone on call, what was sent is not."""
    logging = machine(template)["LoggingConfiguration"]

    assert logging["Level"] == "ALL"
    assert logging["IncludeExecutionData"] is False
    assert logging["Destinations"]
    assert machine(template)["TracingConfiguration"] == {"Enabled": True}


@pytest.mark.fault(98)
def test_the_machine_outlasts_the_slowest_job(template: Template) -> None:
    """An execution that times out is neither caught, recorded nor told.

    The deadline counts twice: until the list is accepted, and until its results are.
    A job has results of its own to fetch, or is a batch; a Listen is a wait.
    """
    told = template.functions()["check"]["Environment"]["Variables"]
    providers = json.loads(text(told["COURIER_PROVIDERS"])).values()
    definition = template.definition()
    tasks = {
        name: longest(state)
        for name, state in states(definition)
        if state["Type"] == "Task" and "TimeoutSeconds" in state
    }
    results = tasks.pop("Download") * len(KINDS)
    request = [tasks.pop(name) for name in tuple(tasks) if name.endswith(" request")]
    batch = tasks.pop("Prepare") + tasks.pop("Gather") + sum(request)
    at_work = sum(tasks.values()) + max(results, batch)

    waiting = 2 * max(known["poll"]["deadline_seconds"] for known in providers)
    assert definition["TimeoutSeconds"] > waiting + at_work


@pytest.mark.fault(98)
@pytest.mark.parametrize(
    "error",
    [AnswerLost, AnswerUnreadable, ProviderThrottled, ProviderUnavailable],
)
def test_a_download_outlasts_an_outage(
    template: Template, error: type[CourierError]
) -> None:
    """A result that is paid and finished is not given up for an hour's trouble."""
    (download,) = (s for n, s in states(template.definition()) if n == "Download")

    rule = next(r for r in download["Retry"] if error.__name__ in r["ErrorEquals"])

    jittered = pauses(rule) / 2  # on average, for FULL jitter
    assert jittered >= 3600


@pytest.mark.fault(79)
def test_a_busy_lambda_service_is_tried_again(template: Template) -> None:
    """The CDK's own rule for these is off, so ours has to have all of them."""
    busy = {
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    }

    for name, state in states(template.definition()):
        if "FunctionName" in state.get("Parameters", {}):
            retried = {e for rule in state["Retry"] for e in rule["ErrorEquals"]}
            assert busy <= retried, name


@pytest.mark.fault(80)
def test_a_task_outlasts_the_function_that_it_calls(template: Template) -> None:
    """Otherwise a call that still runs meets its own retry and submits twice."""
    timeouts = {
        f"<{name}.Arn>": function["Timeout"]
        for name, function in template.properties("AWS::Lambda::Function").items()
    }
    tasks = {
        name: state
        for name, state in states(template.definition())
        if state["Type"] == "Task" and TOKEN not in state["Resource"]
    }

    assert any(called(state) in timeouts for state in tasks.values())
    for name, state in tasks.items():
        if ":lambda:" in state["Resource"] or called(state) in timeouts:
            assert state["TimeoutSeconds"] > timeouts[called(state)], name
        else:
            assert "TimeoutSeconds" in state, name


def test_the_console_reads_as_words(template: Template) -> None:
    """An operator who sees the graph for the first time can follow a job through it.

    What is not so is the other way, which needs no words of its own.
    """
    definition = template.definition()

    assert definition["Comment"]
    for name, state in states(definition):
        assert re.fullmatch(r"[A-Z][a-z]+( request)?", name)
        assert state["Comment"]
        assert all(choice["Comment"] for choice in state.get("Choices", []))


def test_the_console_shows_what_failed_and_what_to_do(template: Template) -> None:
    """The error leads to the run-book; its cause is what to do, in a sentence."""
    failed = dict(states(template.definition()))["Failed"]

    assert (failed["ErrorPath"], failed["CausePath"]) == ("$.error", "$.advice")
