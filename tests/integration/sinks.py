"""Sinks: every place in a stack into which a secret could leak, as text."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from local.execution_view import history
from local.stack import LocalStack
from tests.integration.harness import log_lines

_ALPHANUMERICS = re.compile(r"[A-Za-z0-9]{200,}")
#: A string with more different characters than this is random, not written by people.
_MAX_DIFFERENT_CHARACTERS = 30


@dataclass
class Sinks:
    """Searches a stack; keeps the notices, which a queue delivers only once."""

    stack: LocalStack
    _notices: list[str] = field(default_factory=list)

    def containing(self, secrets: set[str]) -> set[str]:
        """Return the sinks that contain a link, or one of the secrets in any form."""
        needles = {form for secret in secrets for form in forms(secret)}
        return {
            name
            for name, texts in self._texts().items()
            for text in texts
            if has_link(text) or any(needle in text for needle in needles)
        }

    def _texts(self) -> dict[str, Iterable[str]]:
        self._notices += map(json.dumps, self.stack.notices(wait_seconds=0))
        return {
            "history": self._histories(),
            "log": log_lines(self.stack),
            "table": self._items(),
            "object": self._objects(),
            "environment": self._listed("lambda", "list_functions", "Functions"),
            "notice": self._notices,
        }

    def _histories(self) -> Iterator[str]:
        states = self.stack.emulator.client("stepfunctions")
        pages = states.get_paginator("list_executions")
        state_machine = self.stack.outputs["StateMachineArn"]
        executions = [
            execution["executionArn"]
            for page in pages.paginate(stateMachineArn=state_machine)
            for execution in page["executions"]
        ]
        of_batch_requests = [
            child["executionArn"]
            for execution in executions
            for run in states.list_map_runs(executionArn=execution)["mapRuns"]
            for page in pages.paginate(mapRunArn=run["mapRunArn"])
            for child in page["executions"]
        ]
        for execution in (*executions, *of_batch_requests):
            for event in history(states, execution):
                yield json.dumps(event, default=str)

    def _items(self) -> Iterator[str]:
        dynamodb = self.stack.emulator.client("dynamodb")
        for table in dynamodb.list_tables()["TableNames"]:
            for page in dynamodb.get_paginator("scan").paginate(TableName=table):
                yield from map(json.dumps, page["Items"])

    def _objects(self) -> Iterator[str]:
        """Yield keys, metadata and manifests; the results are meant to be there."""
        s3 = self.stack.emulator.client("s3")
        bucket = self.stack.outputs["ResultsBucket"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", ()):
                head = s3.head_object(Bucket=bucket, Key=found["Key"])
                yield found["Key"] + json.dumps(head["Metadata"])
                if found["Key"].endswith("manifest.json"):
                    yield self.stack.result(found["Key"]).decode()

    def _listed(self, service: str, operation: str, member: str) -> Iterator[str]:
        client = self.stack.emulator.client(service)
        for page in client.get_paginator(operation).paginate():
            yield from map(json.dumps, page[member])


def has_link(text: str) -> bool:
    """Return whether a text has the token of a one-time link: 256 random characters."""
    return any(
        len(set(token)) > _MAX_DIFFERENT_CHARACTERS
        for token in _ALPHANUMERICS.findall(text)
    )


def forms(secret: str) -> set[str]:
    """Return the forms in which a text could contain a secret."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        # In the base64 of a longer text, only the middle is the same.
        encoded.rstrip("=")[4:-4],
    }
