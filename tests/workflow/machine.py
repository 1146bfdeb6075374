"""Workflow machine: the definition on the emulator, with scripted functions."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.emulator.process import Emulator
from local.execution_view import history
from tests.workflow.runs import (
    INBOX,
    TASKS,
    ExecutionTrace,
    Run,
    Transition,
    bound,
    comparable,
)

_ROLE = "arn:aws:iam::000000000000:role/anyone"


class WorkflowMachine:
    """The state machine, ready to be started with scripts."""

    def __init__(
        self, emulator: Emulator, definition: Mapping[str, Any], scripts: Path
    ) -> None:
        self._emulator = emulator
        self._states = emulator.client("stepfunctions")
        self._scripts = scripts
        self._functions = {task: self._create_function(task) for task in TASKS}
        emulator.client("s3").create_bucket(Bucket=INBOX)
        topic = emulator.client("sns").create_topic(Name="notices")["TopicArn"]
        self._machine = self._create_machine("courier", definition, topic)
        self._machine_without_topic = self._create_machine(
            "courier-without-topic", definition, f"{topic}-that-does-not-exist"
        )

    def start(self, run: Run) -> str:
        """Start an execution; return its ARN. The Map's items have the job's id."""
        for job_id, script in run.scripts.items():
            folder = self._scripts / job_id
            folder.mkdir()
            for task, actions in script.items():
                (folder / task).write_text(json.dumps(actions))
        if run.items:
            self._emulator.client("s3").put_object(
                Bucket=INBOX,
                Key=run.job.batch.items_key,
                Body=json.dumps(run.items).encode(),
            )
        machine = self._machine if run.topic_exists else self._machine_without_topic
        execution: str = self._states.start_execution(
            stateMachineArn=machine,
            name=run.job.job_id,
            input=json.dumps(run.job.to_state()),
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
            output=comparable(
                self._with_answers(json.loads(described.get("output") or "{}"))
            ),
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

    def _with_answers(self, output: dict[str, Any]) -> dict[str, Any]:
        """Return an output with the answers that the Map has written."""
        if "answers" not in output:
            return output
        client = self._emulator.client("s3")

        def read(key: str) -> bytes:
            return bytes(client.get_object(Bucket=INBOX, Key=key)["Body"].read())

        manifest = json.loads(read(output["answers"]["ResultWriterDetails"]["Key"]))
        files = manifest["ResultFiles"]["SUCCEEDED"]
        lines = [line for file in files for line in read(file["Key"]).splitlines()]
        return {**output, "answers": [json.loads(line) for line in lines]}

    def _transitions(self, execution: str, *, after: str) -> Iterator[Transition]:
        for event in history(self._states, execution):
            if "stateEnteredEventDetails" in event:
                entered = event["stateEnteredEventDetails"]["name"]
                yield after, entered
                after = entered

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
        machine = bound(definition, self._functions, topic)
        arn: str = self._states.create_state_machine(
            name=name, definition=json.dumps(machine), roleArn=_ROLE
        )["stateMachineArn"]
        return arn
