"""Correct and serve MiniStack, which reads its settings when this is imported."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

from local.emulator import authorization, parsing, registry
from local.emulator.corrections import lambda_functions


def correct(
    *,
    data: Path,
    environments: int,
    port: int,
    without: Sequence[str],
) -> None:
    """Install all corrections in this process, except those named in `without`."""
    lambda_functions.configure(
        limit=environments,
        data=data,
        # By IP address, so that boto3 uses path-style buckets in a function.
        endpoint=f"http://127.0.0.1:{port}",
    )
    authorization.count_loopback_as_tls()
    parsing.parse_once()
    registry.install(without)


def serve_on(listener: socket.socket) -> None:
    """Serve on a socket that is already bound, so that its port cannot be taken."""
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(serve(app, config))
