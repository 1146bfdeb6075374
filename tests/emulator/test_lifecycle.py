"""Executions start once, end once, and end in time."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke_task, pass_state
from tests.emulator.polling import wait_for

WAIT_AN_HOUR = {"Type": "Wait", "Seconds": 3600, "End": True}
FAIL_SLOWLY = """
    import time

    def handler(event, context):
        time.sleep(1)
        raise ValueError("too late")
"""


@pytest.mark.correction("machine_timeout")
@pytest.mark.usefixtures("real_time")
def test_machine_times_out(machines: Machines) -> None:
    """The machine's time-out ends an execution that nothing else ends."""
    ended = machines.run({"Wait": WAIT_AN_HOUR}, TimeoutSeconds=1)

    assert ended["status"] == "TIMED_OUT"
    assert machines.event_types(ended["executionArn"])[-1] == "ExecutionTimedOut"


@pytest.mark.correction("stop_is_final")
def test_stopped_execution_stays_aborted(
    emulator: Emulator, machines: Machines
) -> None:
    """A task that fails after the stop changes neither status nor history."""
    name = functions.create(emulator, FAIL_SLOWLY)
    execution = machines.start(machines.create({"Call": invoke_task(name)}))
    wait_for(lambda: "TaskScheduled" in machines.event_types(execution))

    machines.client.stop_execution(executionArn=execution, cause="a person")
    functions.log_lines(emulator, name)  # waits until the handler has ended

    ended = machines.wait(execution)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "a person")
    assert machines.event_types(execution)[-1] == "ExecutionAborted"


@pytest.mark.correction("stop_is_final")
@pytest.mark.usefixtures("real_time")
def test_stop_ends_the_iterations_of_a_map(
    emulator: Emulator, machines: Machines
) -> None:
    """No iteration continues with its next task."""
    name = functions.create(emulator, "def handler(event, context): ...")
    pause = {"Type": "Wait", "Seconds": 1, "Next": "Call"}
    inner = {"StartAt": "Pause", "States": {"Pause": pause, "Call": invoke_task(name)}}
    machine = machines.create(
        {"Map": {"Type": "Map", "ItemProcessor": inner, "End": True}}
    )
    execution = machines.start(machine, [1, 2])
    wait_for(lambda: "MapStateEntered" in machines.event_types(execution))

    machines.client.stop_execution(executionArn=execution)

    # Longer than the pause that precedes the task.
    machines.run({"Wait": {**WAIT_AN_HOUR, "Seconds": 2}})
    assert machines.event_types(execution)[-1] == "ExecutionAborted"


@pytest.mark.correction("failed_without_output")
def test_failed_execution_has_no_output(machines: Machines) -> None:
    """AWS reports error and cause only, as soon as it reports the end."""
    fail = {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "$.cause"}

    ended = machines.run({"Fail": fail}, {"error": "Broken", "cause": "on purpose"})

    assert (ended["error"], ended["cause"]) == ("Broken", "on purpose")
    assert "output" not in ended


@pytest.mark.correction("start_is_idempotent")
@pytest.mark.usefixtures("real_time")
def test_repeated_start_returns_the_same_execution(machines: Machines) -> None:
    """A duplicate event must neither fail nor start a second job."""
    machine, name = machines.create({"Wait": WAIT_AN_HOUR}), str(uuid.uuid4())

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
@pytest.mark.correction("start_is_checked")
def test_invalid_start_is_refused(
    machines: Machines, name: str, data: str, code: str
) -> None:
    """Parameters that AWS refuses must not pass here."""
    machine = machines.create({"Done": pass_state()})

    with pytest.raises(ClientError, match=code):
        machines.client.start_execution(stateMachineArn=machine, name=name, input=data)


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param("{", id="no JSON"),
        pytest.param({"StartAt": "A", "States": {"B": pass_state()}}, id="no start"),
        pytest.param(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
            id="no target",
        ),
        pytest.param(
            {"StartAt": "A", "States": {"A": pass_state(), "B": pass_state()}},
            id="not reached",
        ),
        pytest.param({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, id="no end"),
        pytest.param(
            {"StartAt": "A", "States": {"A": pass_state(Type="Sleep")}}, id="no type"
        ),
        pytest.param(
            {"StartAt": "A", "States": {"A": pass_state(Type="Wait")}}, id="no time"
        ),
    ],
)
@pytest.mark.correction("checked_definitions")
def test_invalid_definition_is_refused(machines: Machines, definition: object) -> None:
    """A definition that AWS refuses must not deploy here."""
    text = definition if isinstance(definition, str) else json.dumps(definition)

    with pytest.raises(ClientError, match="InvalidDefinition"):
        machines.client.create_state_machine(
            name=str(uuid.uuid4()),
            definition=text,
            roleArn="arn:aws:iam::000000000000:role/r",
        )


def test_hundred_concurrent_executions(emulator: Emulator, machines: Machines) -> None:
    """Every execution gets its own result under load."""
    name = functions.create(emulator, "def handler(event, context): return event")
    machine = machines.create({"Call": invoke_task(name)})

    started = [machines.start(machine, number) for number in range(100)]

    outputs = [json.loads(machines.wait(execution)["output"]) for execution in started]
    assert outputs == list(range(100))
