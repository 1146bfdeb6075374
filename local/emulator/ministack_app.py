"""Correct MiniStack and serve it; imported last, since it reads its settings then."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

from local.emulator import registry
from local.emulator.corrections import alarm_evaluation, lambda_functions


def correct(
    *,
    data: Path,
    environments: int,
    period_scale: float,
    port: int,
    without: Sequence[str],
) -> None:
    """Install the corrections in this process, but for those named."""
    lambda_functions.configure(
        limit=environments,
        data=data,
        # By number, so that boto3 in a function does not put buckets into the host.
        endpoint=f"http://127.0.0.1:{port}",
    )
    alarm_evaluation.configure(period_scale=period_scale)
    registry.install(without)


def run(listener: socket.socket) -> None:
    """Serve on a socket that is bound already, so that nobody else gets the port."""
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(serve(app, config))
