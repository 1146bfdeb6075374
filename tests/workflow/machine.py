"""Workflow machine: the deployed definition on the emulator, with scripted functions.

A state of a batch's request runs the function of the same state of a job, with the
request's own script.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.core.model import Job
from local.emulator.process import Emulator
from local.execution_view import history

TASKS = (
    "Begin",
    "Submit",
    "Check",
    "Listen",
    "Download",
    "Prepare",
    "Gather",
    "Manifest",
    "Conclude",
)
_MAPS = ("Collect", "Requests")
_INBOX = "inbox"
_ROLE = "arn:aws:iam::000000000000:role/anyone"

#: What a function does in one call; see fake_lambda.py.
Action = dict[str, Any]
#: The actions of each task, one a call; the last one is repeated.
Script = Mapping[str, list[Action]]
#: A state that was entered, after the one before it.
Transition = tuple[str, str]


@dataclass(frozen=True)
class ExecutionTrace:
    """What an execution did, from `start` to its end.

    `requests` are the transitions of a batch's child executions, by request number.
    """

    status: str
    error: str
    cause: str
    transitions: tuple[Transition, ...]
    output: dict[str, Any]
    requests: Mapping[int, tuple[Transition, ...]]

    @property
    def states(self) -> tuple[str, ...]:
        """Return the states in the order in which they were entered."""
        return tuple(state for _, state in self.transitions)

    def request_states(self, number: int) -> tuple[str, ...]:
        """Return the states of a batch's request, by the names of a job's states."""
        transitions = self.requests[number]
        return tuple(state.removesuffix(" request") for _, state in transitions)


#: What each scenario did, by its name.
Traces = dict[str, ExecutionTrace]


class WorkflowMachine:
    """The state machine, ready to be started with scripts."""

    def __init__(
        self, emulator: Emulator, definition: Mapping[str, Any], scripts: Path
    ) -> None:
        self._emulator = emulator
        self._states = emulator.client("stepfunctions")
        self._scripts = scripts
        self._functions = {task: self._create_function(task) for task in TASKS}
        emulator.client("s3").create_bucket(Bucket=_INBOX)
        topic = emulator.client("sns").create_topic(Name="notices")["TopicArn"]
        self._machine = self._create_machine("courier", definition, topic)
        self._machine_without_topic = self._create_machine(
            "courier-without-topic", definition, f"{topic}-that-does-not-exist"
        )

    def start(
        self,
        job: Job,
        script: Script,
        *,
        requests: Sequence[Script] = (),
        topic_exists: bool = True,
    ) -> str:
        """Start an execution; return its ARN. The Map's items have the job's id."""
        self._write_script(job.job_id, script)
        items = []
        for number, request_script in enumerate(requests):
            name = f"{job.job_id}-request-{number}"
            self._write_script(name, request_script)
            part = {"batch_id": job.job_id, "number": number}
            items.append({"job_id": name, "type": job.type, "part": part})
        if items:
            self._emulator.client("s3").put_object(
                Bucket=_INBOX, Key=job.job_id, Body=json.dumps(items).encode()
            )
        machine = self._machine if topic_exists else self._machine_without_topic
        execution: str = self._states.start_execution(
            stateMachineArn=machine,
            name=job.job_id,
            input=json.dumps(job.to_state()),
        )["executionArn"]
        return execution

    def trace(self, execution: str) -> ExecutionTrace | None:
        """Return what an execution did, or None while it runs."""
        described = self._states.describe_execution(executionArn=execution)
        if described["status"] == "RUNNING":
            return None
        return ExecutionTrace(
            status=described["status"],
            error=described.get("error", ""),
            cause=described.get("cause", ""),
            transitions=tuple(self._transitions(execution, after="start")),
            output=json.loads(described.get("output") or "{}"),
            requests=dict(self._requests(execution)),
        )

    def _requests(self, execution: str) -> Iterator[tuple[int, tuple[Transition, ...]]]:
        for run in self._states.list_map_runs(executionArn=execution)["mapRuns"]:
            children = self._states.list_executions(mapRunArn=run["mapRunArn"])
            for child in children["executions"]:
                arn = child["executionArn"]
                described = self._states.describe_execution(executionArn=arn)
                number = json.loads(described["input"])["part"]["number"]
                yield number, tuple(self._transitions(arn, after="Requests"))

    def _transitions(self, execution: str, *, after: str) -> Iterator[Transition]:
        for event in history(self._states, execution):
            if "stateEnteredEventDetails" in event:
                entered = event["stateEnteredEventDetails"]["name"]
                yield after, entered
                after = entered

    def _write_script(self, job_id: str, script: Script) -> None:
        folder = self._scripts / job_id
        folder.mkdir()
        for task, actions in script.items():
            (folder / task).write_text(json.dumps(actions))

    def _create_function(self, task: str) -> str:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.write(Path(__file__).with_name("fake_lambda.py"), "fake_lambda.py")
        arn: str = self._emulator.client("lambda").create_function(
            FunctionName=task,
            Runtime="python3.13",
            Handler="fake_lambda.handler",
            Role=_ROLE,
            Timeout=30,
            Code={"ZipFile": package.getvalue()},
            Environment={"Variables": {"SCRIPTS": str(self._scripts), "TASK": task}},
        )["FunctionArn"]
        return arn

    def _create_machine(
        self, name: str, definition: Mapping[str, Any], topic: str
    ) -> str:
        text = json.dumps(definition, ensure_ascii=False).replace("arn:…:", "arn:aws:")
        machine = json.loads(text)
        states = machine["States"]
        inner = [states[map_]["ItemProcessor"]["States"] for map_ in _MAPS]
        for level in (states, *inner):
            for state_name, state in level.items():
                if "FunctionName" in state.get("Parameters", {}):
                    task = state_name.removesuffix(" request")
                    state["Parameters"]["FunctionName"] = self._functions[task]
        states["Requests"]["ItemReader"]["Parameters"]["Bucket"] = _INBOX
        states["Notify"]["Parameters"]["TopicArn"] = topic
        arn: str = self._states.create_state_machine(
            name=name, definition=json.dumps(machine), roleArn=_ROLE
        )["stateMachineArn"]
        return arn
