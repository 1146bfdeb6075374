"""Lambda functions for the tests, from source to a name."""

import io
import json
import textwrap
import uuid
import zipfile
from typing import Any

from mypy_boto3_lambda import LambdaClient

from local.emulator.process import Emulator

ROLE = "arn:aws:iam::000000000000:role/function"


def create(emulator: Emulator, source: str, **config: Any) -> str:  # noqa: ANN401 - boto3's
    """A function whose module is `app` and whose handler is `handler`."""
    name = f"f-{uuid.uuid4()}"
    client: LambdaClient = emulator.client("lambda")
    client.create_function(
        **{
            "FunctionName": name,
            "Code": {"ZipFile": packed({"app.py": source})},
            "Handler": "app.handler",
            "Role": ROLE,
            "Runtime": "python3.14",
            "Timeout": 30,
            **config,
        }
    )
    return name


def packed(files: dict[str, str]) -> bytes:
    """A zip file of sources."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, source in files.items():
            archive.writestr(path, dedented(source))
    return content.getvalue()


def dedented(source: str) -> str:
    """Source as it would stand in a file of its own."""
    return textwrap.dedent(source)


def call(emulator: Emulator, name: str, event: object = None) -> Any:  # noqa: ANN401 - JSON
    """What an invocation answers: the result, or the error document."""
    answer = emulator.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event).encode()
    )
    return json.loads(answer["Payload"].read())
