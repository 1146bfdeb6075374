"""Courier: drops files and waits for what becomes of them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from functions.core import identity
from functions.core.model import Job
from local.execution_view import Journey, look
from local.stack import LocalStack

_PATIENCE_SECONDS = 60.0
_T = TypeVar("_T")


@dataclass
class JobRunner:
    """A stack, asked the way a user and an operator would."""

    stack: LocalStack
    _notices: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._states = self.stack.emulator.client("stepfunctions")

    def drop(self, key: str, content: bytes) -> str:
        """Upload a file; give its job's id."""
        return self.stack.put(key, content)

    def deliver(
        self, key: str, content: bytes, *, patience_seconds: float = _PATIENCE_SECONDS
    ) -> Journey:
        """Upload a file and wait for the end of its job."""
        job_id = self.drop(key, content)
        return wait_for(lambda: self._ended(job_id), patience_seconds=patience_seconds)

    def ended(self, job_id: str) -> Journey:
        """Wait for the end of a job."""
        return wait_for(lambda: self._ended(job_id))

    def walk_again(self, job: Job) -> Journey:
        """Let another execution begin where the job's own one began."""
        again = Job(
            job_id=job.job_id,
            provider=job.provider,
            type=job.type,
            bucket=job.bucket,
            key=job.key,
            version_id=job.version_id,
        )
        name = f"{job.job_id[:60]}-again"
        self._states.start_execution(
            stateMachineArn=self.stack.outputs["StateMachineArn"],
            name=name,
            input=json.dumps(again.to_state()),
        )
        return wait_for(lambda: self._ended(name), patience_seconds=_PATIENCE_SECONDS)

    def manifest(self, journey: Journey) -> dict[str, Any]:
        """Read the manifest of a job that ended well."""
        assert journey.job is not None
        read: dict[str, Any] = json.loads(self.stack.result(journey.job.manifest_key))
        return read

    def notices(self, job_id: str) -> list[dict[str, Any]]:
        """Give the notices about a job, of which there is at least one."""
        return wait_for(lambda: self._told(job_id))

    def job_item(self, job_id: str) -> dict[str, Any]:
        """Read the job's item in the jobs table."""
        item = self.stack.emulator.client("dynamodb").get_item(
            TableName=self.stack.outputs["JobsTable"], Key={"job_id": {"S": job_id}}
        )["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def logged(self, word: str) -> list[str]:
        """Give the log lines of all functions that hold a word."""
        logs = self.stack.emulator.client("logs")
        groups = logs.get_paginator("describe_log_groups").paginate()
        return [
            event["message"]
            for page in groups
            for group in page["logGroups"]
            for found in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            for event in found["events"]
            if word in event["message"]
        ]

    def executions(self) -> list[str]:
        """Give the names of all executions that ever were."""
        pages = self.stack.emulator.client("stepfunctions").get_paginator(
            "list_executions"
        )
        machine = self.stack.outputs["StateMachineArn"]
        return [
            execution["name"]
            for page in pages.paginate(stateMachineArn=machine)
            for execution in page["executions"]
        ]

    def announce(self, *bodies: str) -> None:
        """Put messages into the intake queue, as EventBridge does."""
        sqs = self.stack.emulator.client("sqs")
        for body in bodies:
            sqs.send_message(
                QueueUrl=self.stack.outputs["IntakeQueueUrl"], MessageBody=body
            )

    def id_of(self, key: str, version_id: str) -> str:
        """Name the job of a version in the inbox."""
        return identity.of_object(self.stack.outputs["InboxBucket"], key, version_id)

    def _ended(self, job_id: str) -> Journey | None:
        execution = self.stack.execution_arn(job_id)
        try:
            described = self._states.describe_execution(executionArn=execution)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
        if described["status"] == "RUNNING":
            return None
        return look(self._states, execution)

    def _told(self, job_id: str) -> list[dict[str, Any]]:
        self._notices += self.stack.notices(wait_seconds=0)
        return [
            notice
            for notice in self._notices
            if notice["MessageAttributes"]["job_id"]["Value"] == job_id
        ]


def wait_for(
    look: Callable[[], _T | None], *, patience_seconds: float = _PATIENCE_SECONDS
) -> _T:
    """Look until there is something to see."""
    give_up_at = time.monotonic() + patience_seconds
    while time.monotonic() < give_up_at:
        if seen := look():
            return seen
        time.sleep(0.05)  # the stack is other processes: nothing here can tell us
    raise AssertionError("what was waited for did not come")
