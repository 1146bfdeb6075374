"""Harness: run jobs on a stack, and wait for what they lead to."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from functions.core.model import Job
from local import sample
from local.execution_view import ExecutionView, read_execution
from local.simulators.faults import Answer
from local.stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

#: Runs a command of the client; returns its exit code, output and notes.
Run = Callable[..., tuple[int, str, str]]
#: A request of type `full-check`, about a person of whom the simulator knows all.
FULL_CHECK = json.dumps({"mobile": "+919812345670", "name": "Asha Example"}).encode()
#: Switches of the IPQS simulator with which it finishes every job at once.
IPQS_AT_ONCE = {
    "seconds_new": 0.0,
    "seconds_processing": 0.0,
    "seconds_unique_results": 0.0,
    "seconds_finalizing": 0.0,
}
_TIMEOUT_SECONDS = 60.0
_LOG_PAGE = 10_000
#: The keys of uploads to the stack of this session.
_used: set[str] = set()
_T = TypeVar("_T")


@dataclass
class JobRunner:
    """Runs jobs on a stack, and reads what its users and operators see of them."""

    stack: LocalStack
    _notices: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sfn = self.stack.emulator.client("stepfunctions")

    def upload(
        self, key: str, content: bytes, *, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Upload a file, and return the id of its job.

        If the key has been used, it is another one: another test's bytes under the same
        key would not be verified again.
        """
        folder, _, name = key.rpartition("/")
        while key in _used:
            key = f"{folder}/{len(_used)}/{name}"
        _used.add(key)
        return self.stack.put(key, content, metadata=metadata)

    def run(
        self, key: str, content: bytes, *, timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> ExecutionView:
        """Upload a file, and wait for the end of its job."""
        job_id = self.upload(key, content)
        return self.wait_for_end(job_id, timeout_seconds=timeout_seconds)

    def lose_rows(self) -> None:
        """Let IPQS deliver one row of a sample in each result, and lose the others."""
        value = sample.emails(1).splitlines()[1]
        result = b"Email Address,Valid\n" + value + b",true\n"
        self.stack.ipqs.script("download", [Answer.file(result)] * 4)

    def wait_for_end(
        self, job_id: str, *, timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> ExecutionView:
        """Wait for the end of a job."""
        execution = self.stack.execution_arn(job_id)
        return wait_for(lambda: self._ended(execution), timeout_seconds=timeout_seconds)

    def execute(self, state: Mapping[str, Any], *, name: str = "") -> ExecutionView:
        """Run an execution whose input is a state, and wait for its end.

        It is named by its job, unless another name is given.
        """
        execution = self._sfn.start_execution(
            stateMachineArn=self.stack.outputs["StateMachineArn"],
            name=name or state["job_id"],
            input=json.dumps(state),
        )["executionArn"]
        return wait_for(lambda: self._ended(execution))

    def submissions(self, *job_ids: str) -> int:
        """Count the lists of some jobs that IPQS has accepted, and bills."""
        names = {f"{job_id}.csv" for job_id in job_ids}
        return sum(csv.file_name in names for csv in self.stack.ipqs.csvs)

    def manifest(self, view: ExecutionView) -> dict[str, Any]:
        """Return the manifest of a job that has one."""
        assert view.job is not None
        manifest: dict[str, Any] = json.loads(self.stack.result(view.job.manifest_key))
        return manifest

    def notices(self, job_id: str) -> list[dict[str, Any]]:
        """Wait for a message about a job, and return all messages about it."""

        def received() -> list[dict[str, Any]]:
            self._notices += self.stack.notices(wait_seconds=0)
            return [
                notice
                for notice in self._notices
                if notice["MessageAttributes"]["job_id"]["Value"] == job_id
            ]

        return wait_for(received)

    def job_item(self, job_id: str) -> dict[str, Any]:
        """Return the job's item in the jobs table, each attribute as a plain value."""
        item = self.stack.emulator.client("dynamodb").get_item(
            TableName=self.stack.outputs["JobsTable"], Key={"job_id": {"S": job_id}}
        )["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def log_lines(self, text: str, *, group: str = "") -> list[str]:
        """Return the lines of `log_lines` that contain a text."""
        return [line for line in log_lines(self.stack, group=group) if text in line]

    def invoke(self, handler: str, event: Mapping[str, Any]) -> str:
        """Invoke the function with a handler; return how it failed, empty if not."""
        client = self.stack.emulator.client("lambda")
        (name,) = (
            function["FunctionName"]
            for page in client.get_paginator("list_functions").paginate()
            for function in page["Functions"]
            if function["Handler"] == handler
        )
        response = client.invoke(FunctionName=name, Payload=json.dumps(event))
        return str(response.get("FunctionError", ""))

    def executions(self) -> list[str]:
        """Return the names of all executions, also of those that have ended."""
        pages = self._sfn.get_paginator("list_executions").paginate(
            stateMachineArn=self.stack.outputs["StateMachineArn"]
        )
        return [execution["name"] for page in pages for execution in page["executions"]]

    def send_to_intake(self, *bodies: str) -> None:
        """Send messages to the intake queue, as EventBridge does."""
        sqs = self.stack.emulator.client("sqs")
        for body in bodies:
            sqs.send_message(
                QueueUrl=self.stack.outputs["IntakeQueueUrl"], MessageBody=body
            )

    def _ended(self, execution_arn: str) -> ExecutionView | None:
        try:
            described = self._sfn.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
        if described["status"] == "RUNNING":
            return None
        return read_execution(self._sfn, execution_arn)


def object_created(job: Job, **members: str) -> str:
    """Return the event by which S3 announces the object of a job."""
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": job.bucket},
            "object": {"key": job.key, "version-id": job.version_id},
        },
    }
    return json.dumps(event | members)


def log_lines(stack: LocalStack, *, group: str = "") -> Iterator[str]:
    """Yield the lines of all logs whose group has `group` in its name."""
    logs = stack.emulator.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for found in page["logGroups"]:
            if group in found["logGroupName"]:
                yield from _messages(logs, found["logGroupName"])


def _messages(logs: "CloudWatchLogsClient", group: str) -> Iterator[str]:
    """Yield the lines of a log, from the first one on.

    MiniStack answers with the first 10,000 from a time on, and with no token of the
    next ones: those of the last millisecond are asked for again.
    """
    start = 0
    while True:
        events = logs.filter_log_events(logGroupName=group, startTime=start)["events"]
        is_whole = len(events) < _LOG_PAGE
        last = events[-1]["timestamp"] if events else 0
        assert is_whole or last > start, "a millisecond has too many lines"
        for event in events:
            if is_whole or event["timestamp"] < last:
                yield event["message"]
        if is_whole:
            return
        start = last


def wait_for(
    probe: Callable[[], _T | None], *, timeout_seconds: float = _TIMEOUT_SECONDS
) -> _T:
    """Call `probe` until it returns something true, and return that."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if result := probe():
            return result
        time.sleep(0.05)  # the stack is other processes, which cannot notify us
    raise AssertionError("the awaited condition did not come true in time")
