"""Serve the web console of a local stack, with its log lines and messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from verdict_courier.api_client import ApiClient
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import LocalLogSource
from verdict_courier.console.logs import LogReader
from verdict_courier.console.messages import MessageReader
from verdict_courier.console.server import serve

_REFRESH_SECONDS = 1.0


@contextmanager
def serve_local_console(*, api_url: str, endpoint: str, topic: str) -> Iterator[str]:
    """Serve the console until the block ends, and yield its address.

    `endpoint` is the emulator's URL, `topic` the ARN of the notices topic.
    """
    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        region_name="us-east-1",
    )
    console = WebConsole(
        ApiClient.local(api_url),
        stack="the local stack",
        refresh_seconds=_REFRESH_SECONDS,
        log_source=LocalLogSource(
            logs=LogReader(session.client("logs", endpoint_url=endpoint)),
            notices=MessageReader(
                topic,
                sns=session.client("sns", endpoint_url=endpoint),
                sqs=session.client("sqs", endpoint_url=endpoint),
            ),
        ),
    )
    with serve(console.respond, console.act) as address:
        yield address
