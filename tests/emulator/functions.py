"""Lambda functions created from their source."""

import io
import json
import textwrap
import uuid
import zipfile
from typing import Any

from mypy_boto3_lambda import LambdaClient

from local.emulator.process import Emulator
from tests.emulator.polling import wait_for

ROLE = "arn:aws:iam::000000000000:role/function"


def create(emulator: Emulator, source: str, **config: Any) -> str:  # noqa: ANN401 - boto3's
    """Create a function with the handler `app.handler`; return its name."""
    name = f"f-{uuid.uuid4()}"
    client: LambdaClient = emulator.client("lambda")
    client.create_function(
        **{
            "FunctionName": name,
            "Code": {"ZipFile": zip_archive({"app.py": source})},
            "Handler": "app.handler",
            "Role": ROLE,
            "Runtime": "python3.14",
            "Timeout": 30,
            **config,
        }
    )
    return name


def zip_archive(files: dict[str, str]) -> bytes:
    """Return a zip archive of source files, given by path."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, source in files.items():
            archive.writestr(path, textwrap.dedent(source))
    return content.getvalue()


def invoke(emulator: Emulator, name: str, event: object = None) -> Any:  # noqa: ANN401 - JSON
    """Invoke a function; return its result or its error document."""
    response = emulator.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event).encode()
    )
    return json.loads(response["Payload"].read())


def log_lines(emulator: Emulator, name: str, group: str | None = None) -> list[str]:
    """Wait for the REPORT line of an invocation; return all lines of the log."""
    logs, group = emulator.client("logs"), group or f"/aws/lambda/{name}"

    def lines() -> list[str]:
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        events = logs.filter_log_events(logGroupName=group)["events"]
        messages = [event["message"] for event in events]
        return messages if any("REPORT" in line for line in messages) else []

    return wait_for(lines)
