"""Sinks: every place into which a secret could have leaked, as text."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from local.execution_view import history
from local.stack import LocalStack

_RUN = re.compile(r"[A-Za-z0-9]{200,}")
_RANDOM = 30  # a run of so many different characters was drawn, not written


@dataclass
class Sinks:
    """Looks through a stack; what queues gave is kept, for it is gone there."""

    stack: LocalStack
    _notices: list[str] = field(default_factory=list)

    def holding(self, secrets: set[str]) -> set[str]:
        """Name the sinks that hold one of the secrets, in whatever form, or a link."""
        needles = {form for secret in secrets for form in forms(secret)}
        return {
            name
            for name, text in self._texts()
            if has_link(text) or any(needle in text for needle in needles)
        }

    def _texts(self) -> Iterator[tuple[str, str]]:
        for text in self._histories():
            yield "history", text
        for text in self._logs():
            yield "log", text
        for text in self._items():
            yield "table", text
        for text in self._objects():
            yield "object", text
        for text in self._metrics():
            yield "metric", text
        for text in self._environments():
            yield "environment", text
        self._notices += map(json.dumps, self.stack.notices(wait_seconds=0))
        for text in self._notices:
            yield "notice", text

    def _histories(self) -> Iterator[str]:
        states = self.stack.emulator.client("stepfunctions")
        pages = states.get_paginator("list_executions")
        machine = self.stack.outputs["StateMachineArn"]
        for page in pages.paginate(stateMachineArn=machine):
            for execution in page["executions"]:
                yield from self._history(execution["executionArn"])
                for run in states.list_map_runs(executionArn=execution["executionArn"])[
                    "mapRuns"
                ]:
                    children = pages.paginate(mapRunArn=run["mapRunArn"])
                    for found in children:
                        for child in found["executions"]:
                            yield from self._history(child["executionArn"])

    def _history(self, execution: str) -> Iterator[str]:
        states = self.stack.emulator.client("stepfunctions")
        for event in history(states, execution):
            yield json.dumps(event, default=str)

    def _metrics(self) -> Iterator[str]:
        metrics = self.stack.emulator.client("cloudwatch").get_paginator("list_metrics")
        for page in metrics.paginate():
            yield from map(json.dumps, page["Metrics"])

    def _logs(self) -> Iterator[str]:
        logs = self.stack.emulator.client("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                events = logs.get_paginator("filter_log_events")
                for found in events.paginate(logGroupName=group["logGroupName"]):
                    yield from (event["message"] for event in found["events"])

    def _items(self) -> Iterator[str]:
        database = self.stack.emulator.client("dynamodb")
        for table in database.list_tables()["TableNames"]:
            for page in database.get_paginator("scan").paginate(TableName=table):
                yield from map(json.dumps, page["Items"])

    def _objects(self) -> Iterator[str]:
        """Keys and metadata; the results' content is what they are for."""
        s3 = self.stack.emulator.client("s3")
        bucket = self.stack.outputs["ResultsBucket"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", ()):
                head = s3.head_object(Bucket=bucket, Key=found["Key"])
                yield found["Key"] + json.dumps(head["Metadata"])
                if found["Key"].endswith("manifest.json"):
                    yield self.stack.result(found["Key"]).decode()

    def _environments(self) -> Iterator[str]:
        functions = self.stack.emulator.client("lambda")
        for page in functions.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                yield json.dumps(function.get("Environment", {}))


def has_link(text: str) -> bool:
    """Whether the token of a one-time link stands there: 256 random alphanumerics."""
    return any(len(set(run)) > _RANDOM for run in _RUN.findall(text))


def forms(secret: str) -> set[str]:
    """Give the shapes in which a secret may be found again."""
    coded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        # Wherever it starts in a longer text, some of its base64 stays the same.
        coded.rstrip("=")[4:-4],
    }
