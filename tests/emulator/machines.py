"""State machines of one test, and the states that they are made of."""

import json
import uuid
from typing import Any

from mypy_boto3_stepfunctions import SFNClient

from local.emulator.process import Emulator
from tests.emulator.polling import wait_for

ROLE = "arn:aws:iam::000000000000:role/states"
StateJson = dict[str, Any]


class Machines:
    """Creates state machines, runs them, and stops running executions at the end."""

    def __init__(self, emulator: Emulator) -> None:
        self.client: SFNClient = emulator.client("stepfunctions")
        self._started: list[str] = []

    def create(self, states: StateJson, **fields: Any) -> str:  # noqa: ANN401 - JSON
        """Create a machine that starts at the first state; return its ARN.

        `fields` are further fields of the definition.
        """
        definition = {"StartAt": next(iter(states)), "States": states, **fields}
        return self.client.create_state_machine(
            name=f"m-{uuid.uuid4()}", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]

    def start(self, machine: str, data: object = None) -> str:
        """Start an execution with `data` as its input; return its ARN."""
        arn = self.client.start_execution(
            stateMachineArn=machine, input=json.dumps(data if data is not None else {})
        )["executionArn"]
        self._started.append(arn)
        return arn

    def wait(self, execution: str) -> dict[str, Any]:
        """Wait until an execution has ended; return its description."""

        def description() -> dict[str, Any] | None:
            found = dict(self.client.describe_execution(executionArn=execution))
            return found if found["status"] != "RUNNING" else None

        return wait_for(description)

    def run(
        self,
        states: StateJson,
        data: object = None,
        **fields: Any,  # noqa: ANN401 - JSON
    ) -> dict[str, Any]:
        """Create a machine, run it to its end, and return the description."""
        return self.wait(self.start(self.create(states, **fields), data))

    def output(self, states: StateJson, data: object = None) -> Any:  # noqa: ANN401 - JSON
        """Run a machine that has to succeed; return its output."""
        ended = self.run(states, data)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def history(self, execution: str) -> list[dict[str, Any]]:
        """Return the events of an execution so far."""
        pages = self.client.get_paginator("get_execution_history").paginate(
            executionArn=execution
        )
        return [dict(event) for page in pages for event in page["events"]]

    def event_types(self, execution: str) -> list[str]:
        """Return the types of the events of an execution so far."""
        return [event["type"] for event in self.history(execution)]

    def stop_all(self) -> None:
        """Stop the executions that are still running."""
        for arn in self._started:
            status = self.client.describe_execution(executionArn=arn)["status"]
            if status == "RUNNING":
                self.client.stop_execution(executionArn=arn)


def invoke_task(function: str, **fields: Any) -> StateJson:  # noqa: ANN401 - JSON
    """Return a task that replaces its input by a function's result."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def pass_state(**fields: Any) -> StateJson:  # noqa: ANN401 - JSON
    """Return a Pass state that ends the machine."""
    return {"Type": "Pass", "End": True, **fields}
