"""Beside: the page of a local stack, served beside it."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.credentials import Credentials

from local.stack import LocalStack
from verdict_courier.api_client import Api
from verdict_courier.console.console import Board
from verdict_courier.console.log_sources import OnThisMachine
from verdict_courier.console.logs import Logs
from verdict_courier.console.messages import Messages
from verdict_courier.console.server import served

_EVERY_SECONDS = 1.0


@contextmanager
def board_beside(stack: LocalStack) -> Iterator[str]:
    """Serve the page as long as the block lasts; give its address."""
    client = stack.emulator.client
    topic = stack.outputs["NoticesTopicArn"]
    board = Board(
        Api(stack.api_url, region="us-east-1", who=Credentials("test", "test")),
        where="the local stack",
        every=_EVERY_SECONDS,
        backstage=OnThisMachine(
            logs=Logs(client("logs")),
            notices=Messages(topic, sns=client("sns"), sqs=client("sqs")),
        ),
    )
    with served(board.reply) as address:
        yield address
