"""State machines for the tests: a definition in, an ended execution out."""

import json
import uuid
from typing import Any

from mypy_boto3_stepfunctions import SFNClient

from local.emulator.process import Emulator
from tests.emulator.polling import until

ROLE = "arn:aws:iam::000000000000:role/states"
State = dict[str, Any]


class Machines:
    """Creates machines, runs them, and stops at the end what still runs."""

    def __init__(self, emulator: Emulator) -> None:
        self.client: SFNClient = emulator.client("stepfunctions")
        self._started: list[str] = []

    def create(self, states: State, **fields: Any) -> str:  # noqa: ANN401 - JSON
        """A machine that starts at the first of its states."""
        definition = {"StartAt": next(iter(states)), "States": states, **fields}
        return self.client.create_state_machine(
            name=f"m-{uuid.uuid4()}", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]

    def start(self, machine: str, data: object = None) -> str:
        """An execution under way."""
        arn = self.client.start_execution(
            stateMachineArn=machine, input=json.dumps(data if data is not None else {})
        )["executionArn"]
        self._started.append(arn)
        return arn

    def ended(self, execution: str) -> dict[str, Any]:
        """The description of an execution once it has ended."""

        def description() -> dict[str, Any] | None:
            found = dict(self.client.describe_execution(executionArn=execution))
            return found if found["status"] != "RUNNING" else None

        return until(description)

    def run(self, states: State, data: object = None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Create, start, wait."""
        return self.ended(self.start(self.create(states, **fields), data))

    def output(self, states: State, data: object = None, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """The output of an execution that has to succeed."""
        ended = self.run(states, data, **fields)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def history(self, execution: str) -> list[dict[str, Any]]:
        """All events so far."""
        pages = self.client.get_paginator("get_execution_history").paginate(
            executionArn=execution
        )
        return [dict(event) for page in pages for event in page["events"]]

    def events(self, execution: str) -> list[str]:
        """The kinds of all events so far."""
        return [event["type"] for event in self.history(execution)]

    def stop_all(self) -> None:
        """Leave no execution running."""
        for arn in self._started:
            status = self.client.describe_execution(executionArn=arn)["status"]
            if status == "RUNNING":
                self.client.stop_execution(executionArn=arn)


def invoke(function: str, **fields: Any) -> State:  # noqa: ANN401 - JSON
    """A task that calls a function and puts its result in place of the input."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def passing(**fields: Any) -> State:  # noqa: ANN401 - JSON
    """A state that ends the machine."""
    return {"Type": "Pass", "End": True, **fields}
