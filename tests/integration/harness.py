"""Upload files to a stack, and wait for the end of their jobs."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from functions.core import identity
from functions.core.model import Job
from local.execution_view import ExecutionView, read_execution
from local.stack import LocalStack

_PATIENCE_SECONDS = 60.0
_T = TypeVar("_T")


@dataclass
class JobRunner:
    """A stack, as its users and operators see it."""

    stack: LocalStack
    _notices: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sfn = self.stack.emulator.client("stepfunctions")

    def upload(self, key: str, content: bytes) -> str:
        """Upload a file, and return the id of its job."""
        return self.stack.put(key, content)

    def run(
        self, key: str, content: bytes, *, patience_seconds: float = _PATIENCE_SECONDS
    ) -> ExecutionView:
        """Upload a file, and wait for the end of its job."""
        job_id = self.upload(key, content)
        return wait_for(lambda: self._ended(job_id), patience_seconds=patience_seconds)

    def wait_for_end(self, job_id: str) -> ExecutionView:
        """Wait for the end of a job."""
        return wait_for(lambda: self._ended(job_id))

    def rerun(self, job: Job) -> ExecutionView:
        """Run another execution, whose input is the job as it was received."""
        received = Job(
            job_id=job.job_id,
            provider=job.provider,
            type=job.type,
            bucket=job.bucket,
            key=job.key,
            version_id=job.version_id,
        )
        name = f"{job.job_id[:60]}-again"
        self._sfn.start_execution(
            stateMachineArn=self.stack.outputs["StateMachineArn"],
            name=name,
            input=json.dumps(received.to_state()),
        )
        return wait_for(lambda: self._ended(name), patience_seconds=_PATIENCE_SECONDS)

    def manifest(self, view: ExecutionView) -> dict[str, Any]:
        """Return the manifest of a job that has one."""
        assert view.job is not None
        manifest: dict[str, Any] = json.loads(self.stack.result(view.job.manifest_key))
        return manifest

    def notices(self, job_id: str) -> list[dict[str, Any]]:
        """Wait for a message about a job, and return all messages about it."""
        return wait_for(lambda: self._received_notices(job_id))

    def job_item(self, job_id: str) -> dict[str, Any]:
        """Return the job's item in the jobs table, each attribute as a plain value."""
        item = self.stack.emulator.client("dynamodb").get_item(
            TableName=self.stack.outputs["JobsTable"], Key={"job_id": {"S": job_id}}
        )["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def log_lines(self, word: str) -> list[str]:
        """Return the log lines of all functions that contain a word."""
        logs = self.stack.emulator.client("logs")
        groups = logs.get_paginator("describe_log_groups").paginate()
        return [
            event["message"]
            for page in groups
            for group in page["logGroups"]
            for events in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            for event in events["events"]
            if word in event["message"]
        ]

    def executions(self) -> list[str]:
        """Return the names of all executions, also of those that have ended."""
        pages = self.stack.emulator.client("stepfunctions").get_paginator(
            "list_executions"
        )
        machine = self.stack.outputs["StateMachineArn"]
        return [
            execution["name"]
            for page in pages.paginate(stateMachineArn=machine)
            for execution in page["executions"]
        ]

    def send_to_intake(self, *bodies: str) -> None:
        """Send messages to the intake queue, as EventBridge does."""
        sqs = self.stack.emulator.client("sqs")
        for body in bodies:
            sqs.send_message(
                QueueUrl=self.stack.outputs["IntakeQueueUrl"], MessageBody=body
            )

    def job_id(self, key: str, version_id: str) -> str:
        """Return the id of the job of an object version in the inbox."""
        return identity.of_object(self.stack.outputs["InboxBucket"], key, version_id)

    def _ended(self, job_id: str) -> ExecutionView | None:
        execution = self.stack.execution_arn(job_id)
        try:
            described = self._sfn.describe_execution(executionArn=execution)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
        if described["status"] == "RUNNING":
            return None
        return read_execution(self._sfn, execution)

    def _received_notices(self, job_id: str) -> list[dict[str, Any]]:
        self._notices += self.stack.notices(wait_seconds=0)
        return [
            notice
            for notice in self._notices
            if notice["MessageAttributes"]["job_id"]["Value"] == job_id
        ]


def wait_for(
    probe: Callable[[], _T | None], *, patience_seconds: float = _PATIENCE_SECONDS
) -> _T:
    """Call `probe` until it returns something true, and return that."""
    give_up_at = time.monotonic() + patience_seconds
    while time.monotonic() < give_up_at:
        if result := probe():
            return result
        time.sleep(0.05)  # the stack is other processes, which cannot notify us
    raise AssertionError("the awaited condition did not come true in time")
