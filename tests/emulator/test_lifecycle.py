"""Executions start once, end once and end in time."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke, passing
from tests.emulator.polling import until

HOUR = {"Type": "Wait", "Seconds": 3600, "End": True}
SLOW_FAILURE = """
    import time

    def handler(event, context):
        time.sleep(1)
        raise ValueError("too late")
"""


@pytest.mark.holds("machine_timeout")
@pytest.mark.usefixtures("real_time")
def test_the_machine_times_out(machines: Machines) -> None:
    """The last of the three clocks is the machine's own."""
    ended = machines.run({"Wait": HOUR}, TimeoutSeconds=1)

    assert ended["status"] == "TIMED_OUT"
    assert machines.events(ended["executionArn"])[-1] == "ExecutionTimedOut"


@pytest.mark.holds("stop_is_final")
def test_a_stopped_execution_stays_stopped(
    emulator: Emulator, machines: Machines
) -> None:
    """A task that fails after the stop neither changes the status nor the history."""
    name = functions.create(emulator, SLOW_FAILURE)
    execution = machines.start(machines.create({"Call": invoke(name)}))
    until(lambda: "TaskScheduled" in machines.events(execution))

    machines.client.stop_execution(executionArn=execution, cause="a person")
    _handler_has_ended(emulator, name)

    ended = machines.ended(execution)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "a person")
    assert machines.events(execution)[-1] == "ExecutionAborted"


@pytest.mark.holds("stop_is_final")
@pytest.mark.usefixtures("real_time")
def test_a_stop_reaches_into_a_map(emulator: Emulator, machines: Machines) -> None:
    """No iteration goes on to its next task."""
    name = functions.create(emulator, "def handler(event, context): ...")
    pause = {"Type": "Wait", "Seconds": 1, "Next": "Call"}
    inner = {"StartAt": "Pause", "States": {"Pause": pause, "Call": invoke(name)}}
    after = machines.create(
        {"Map": {"Type": "Map", "ItemProcessor": inner, "End": True}}
    )
    execution = machines.start(after, [1, 2])
    until(lambda: "MapStateEntered" in machines.events(execution))

    machines.client.stop_execution(executionArn=execution)

    # Longer than the pause, after which the task would have been scheduled.
    machines.run({"Wait": {**HOUR, "Seconds": 2}})
    assert machines.events(execution)[-1] == "ExecutionAborted"


@pytest.mark.holds("failed_without_output")
def test_a_failed_execution_has_no_output(machines: Machines) -> None:
    """Error and cause are all that AWS reports."""
    fail = {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "$.cause"}

    ended = machines.run({"Fail": fail}, {"error": "Broken", "cause": "on purpose"})

    assert (ended["error"], ended["cause"]) == ("Broken", "on purpose")
    assert "output" not in ended


@pytest.mark.holds("start_is_idempotent")
@pytest.mark.usefixtures("real_time")
def test_a_repeated_start_is_the_same_execution(machines: Machines) -> None:
    """A duplicate event must neither fail nor start a second job."""
    machine, name = machines.create({"Wait": HOUR}), str(uuid.uuid4())

    def start(data: str) -> str:
        return machines.client.start_execution(
            stateMachineArn=machine, name=name, input=data
        )["executionArn"]

    first = start("{}")

    assert start("{}") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start('{"other": 1}')
    machines.client.stop_execution(executionArn=first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start("{}")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        pytest.param("n" * 81, "{}", "InvalidName", id="long name"),
        pytest.param("a/b", "{}", "InvalidName", id="slash"),
        pytest.param("fine", "{", "InvalidExecutionInput", id="broken JSON"),
        pytest.param("fine", f'"{"x" * 262_144}"', "ValidationException", id="large"),
    ],
)
@pytest.mark.holds("start_is_checked")
def test_a_start_is_checked(
    machines: Machines, name: str, data: str, code: str
) -> None:
    """What AWS refuses must not pass here."""
    machine = machines.create({"Done": passing()})

    with pytest.raises(ClientError, match=code):
        machines.client.start_execution(stateMachineArn=machine, name=name, input=data)


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param("{", id="no JSON"),
        pytest.param({"StartAt": "A", "States": {"B": passing()}}, id="no start"),
        pytest.param(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
            id="no target",
        ),
        pytest.param(
            {"StartAt": "A", "States": {"A": passing(), "B": passing()}},
            id="not reached",
        ),
        pytest.param({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, id="no end"),
        pytest.param(
            {"StartAt": "A", "States": {"A": passing(Type="Sleep")}}, id="no type"
        ),
        pytest.param(
            {"StartAt": "A", "States": {"A": passing(Type="Wait")}}, id="no time"
        ),
    ],
)
@pytest.mark.holds("checked_definitions")
def test_a_definition_is_checked(machines: Machines, definition: object) -> None:
    """A definition that AWS refuses must not deploy here."""
    text = definition if isinstance(definition, str) else json.dumps(definition)

    with pytest.raises(ClientError, match="InvalidDefinition"):
        machines.client.create_state_machine(
            name=str(uuid.uuid4()),
            definition=text,
            roleArn="arn:aws:iam::000000000000:role/r",
        )


def test_a_hundred_executions_at_once(emulator: Emulator, machines: Machines) -> None:
    """A busy day is not a special case."""
    name = functions.create(emulator, "def handler(event, context): return event")
    machine = machines.create({"Call": invoke(name)})

    started = [machines.start(machine, number) for number in range(100)]

    outputs = [json.loads(machines.ended(execution)["output"]) for execution in started]
    assert outputs == list(range(100))


def _handler_has_ended(emulator: Emulator, name: str) -> None:
    logs = emulator.client("logs")

    def reported() -> bool:
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")
        if not groups["logGroups"]:
            return False
        found = logs.filter_log_events(
            logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT"
        )
        return bool(found["events"])

    until(reported)
