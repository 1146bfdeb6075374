"""Stage: the real definition on the emulator, its Lambdas played by actors.

A state of a batch's requests is played by the actor of the same state of a job, from
a script of the request's own.
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

PARTS = (
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

Act = dict[str, Any]
Script = Mapping[str, list[Act]]


@dataclass(frozen=True)
class Walk:
    """What an execution did: its end, and every state with the one before it.

    `requests` are the same steps of the children, for a batch, by their numbers.
    """

    status: str
    error: str
    cause: str
    steps: tuple[tuple[str, str], ...]
    output: dict[str, Any]
    requests: Mapping[int, tuple[tuple[str, str], ...]]

    @property
    def states(self) -> tuple[str, ...]:
        """The states in the order in which they were entered."""
        return tuple(target for _, target in self.steps)

    def states_of(self, number: int) -> tuple[str, ...]:
        """The same for one request of a batch, by the names of a job's states."""
        steps = self.requests[number]
        return tuple(target.removesuffix(" request") for _, target in steps)


class WorkflowMachine:
    """The definition, ready to be walked with scripts."""

    def __init__(
        self, emulator: Emulator, definition: Mapping[str, Any], scripts: Path
    ) -> None:
        self._emulator = emulator
        self._scripts = scripts
        self._actors = {part: self._actor(part) for part in PARTS}
        emulator.client("s3").create_bucket(Bucket=_INBOX)
        topic = emulator.client("sns").create_topic(Name="notices")["TopicArn"]
        self._machine = self._create("courier", definition, topic)
        self._deaf = self._create("deaf", definition, f"{topic}-that-is-not-there")

    def start(
        self,
        job: Job,
        script: Script,
        *,
        requests: Sequence[Script] = (),
        topic_is_there: bool = True,
    ) -> str:
        """Start an execution; give its ARN. Its batch lies under the job's id."""
        self._learn(job.job_id, script)
        items = []
        for number, one in enumerate(requests):
            name = f"{job.job_id}-request-{number}"
            self._learn(name, one)
            part = {"batch_id": job.job_id, "number": number}
            items.append({"job_id": name, "type": job.type, "part": part})
        if items:
            self._emulator.client("s3").put_object(
                Bucket=_INBOX, Key=job.job_id, Body=json.dumps(items).encode()
            )
        started = self._emulator.client("stepfunctions").start_execution(
            stateMachineArn=self._machine if topic_is_there else self._deaf,
            name=job.job_id,
            input=json.dumps(job.to_state()),
        )
        execution: str = started["executionArn"]
        return execution

    def walk(self, execution: str) -> Walk | None:
        """Read an ended execution; None while it runs."""
        states = self._emulator.client("stepfunctions")
        described = states.describe_execution(executionArn=execution)
        if described["status"] == "RUNNING":
            return None
        return Walk(
            status=described["status"],
            error=described.get("error", ""),
            cause=described.get("cause", ""),
            steps=tuple(self._steps(execution)),
            output=json.loads(described.get("output") or "{}"),
            requests=dict(self._requests(execution)),
        )

    def _requests(
        self, execution: str
    ) -> Iterator[tuple[int, tuple[tuple[str, str], ...]]]:
        states = self._emulator.client("stepfunctions")
        for run in states.list_map_runs(executionArn=execution)["mapRuns"]:
            children = states.list_executions(mapRunArn=run["mapRunArn"])
            for child in children["executions"]:
                arn = child["executionArn"]
                given = json.loads(states.describe_execution(executionArn=arn)["input"])
                steps = self._steps(arn, before="Requests")
                yield given["part"]["number"], tuple(steps)

    def _learn(self, job_id: str, script: Script) -> None:
        folder = self._scripts / job_id
        folder.mkdir()
        for part, acts in script.items():
            (folder / part).write_text(json.dumps(acts))

    def _steps(
        self, execution: str, *, before: str = "start"
    ) -> Iterator[tuple[str, str]]:
        for event in history(self._emulator.client("stepfunctions"), execution):
            if "stateEnteredEventDetails" in event:
                entered = event["stateEnteredEventDetails"]["name"]
                yield before, entered
                before = entered

    def _actor(self, part: str) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(Path(__file__).with_name("fake_lambda.py"), "fake_lambda.py")
        made = self._emulator.client("lambda").create_function(
            FunctionName=part,
            Runtime="python3.13",
            Handler="fake_lambda.handler",
            Role=_ROLE,
            Timeout=30,
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {"SCRIPTS": str(self._scripts), "PART": part}},
        )
        function: str = made["FunctionArn"]
        return function

    def _create(self, name: str, definition: Mapping[str, Any], topic: str) -> str:
        text = json.dumps(definition, ensure_ascii=False).replace("arn:…:", "arn:aws:")
        machine = json.loads(text)
        states = machine["States"]
        inner = [states[name]["ItemProcessor"]["States"] for name in _MAPS]
        for one in (states, *inner):
            for part, state in one.items():
                if "FunctionName" in state.get("Parameters", {}):
                    arn = self._actors[part.removesuffix(" request")]
                    state["Parameters"]["FunctionName"] = arn
        states["Requests"]["ItemReader"]["Parameters"]["Bucket"] = _INBOX
        states["Notify"]["Parameters"]["TopicArn"] = topic
        made = self._emulator.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(machine), roleArn=_ROLE
        )
        machine_arn: str = made["stateMachineArn"]
        return machine_arn
