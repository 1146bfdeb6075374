"""Correct and serve MiniStack in the child process, until the parent has ended."""

import json
import os
import shutil
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EmulatorSettings:
    """The settings that the parent passes on the command line, as one JSON object."""

    auth: bool
    data: str
    environments: int
    port: int
    wait_scale: float
    without: Sequence[str]


def main() -> None:
    """Serve until standard input closes, at the latest when the parent ends."""
    settings = EmulatorSettings(**json.loads(sys.argv[1]))
    threading.Thread(
        target=_exit_with_parent, args=(settings.data,), daemon=True
    ).start()

    listener = socket.create_server(("127.0.0.1", settings.port), backlog=512)
    port = listener.getsockname()[1]
    # MiniStack reads the environment when it is imported.
    os.environ.update(_ministack_environment(settings, port))
    from local.emulator import ministack_app  # noqa: PLC0415 - see above

    ministack_app.correct(
        data=Path(settings.data),
        environments=settings.environments,
        port=port,
        without=settings.without,
    )
    print(port, flush=True)  # noqa: T201 - the parent waits for this line
    # The parent reads no further line; what a library prints belongs in the log.
    os.dup2(2, 1)
    ministack_app.serve_on(listener)


def _exit_with_parent(data: str) -> None:
    """Exit when the parent has ended, which ends the Lambda environments as well."""
    while os.read(0, 1024):
        pass
    shutil.rmtree(data, ignore_errors=True)
    os._exit(0)


def _ministack_environment(settings: EmulatorSettings, port: int) -> dict[str, str]:
    temporary = Path(settings.data, "tmp")
    temporary.mkdir()
    return {
        "AUTH": str(settings.auth).lower(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        # None: a burst waits for an environment here. AWS would throttle it by the
        # account's quota, which is far above what one machine can run.
        "LAMBDA_ACCOUNT_CONCURRENCY": "0",
        "LOG_LEVEL": "WARNING",
        "S3_DATA_DIR": str(temporary / "s3"),
        "SFN_WAIT_SCALE": str(settings.wait_scale),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(temporary / "state"),
        "TMPDIR": str(temporary),
    }


if __name__ == "__main__":
    main()
