"""The IPQS simulator by itself: python -m local.simulators.ipqs --help."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from local.simulators.clock import RunningClock
from local.simulators.ipqs import Behaviour, IpqsSimulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal, or the end of the parent; the value is the exit code."""
    options = _parser().parse_args(arguments)
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
    if options.until_stdin_closes:
        threading.Thread(target=_wait_for_stdin, args=(ended,), daemon=True).start()

    seconds = options.seconds_per_state
    behaviour = Behaviour(
        seconds_new=seconds,
        seconds_processing=seconds,
        seconds_unique_results=seconds,
        seconds_finalizing=seconds,
        seconds_per_1000_rows=options.seconds_per_1000_rows,
    )
    try:
        with IpqsSimulator.started(
            api_key=options.key,
            clock=RunningClock(),
            behaviour=behaviour,
            port=options.port,
            download_port=options.download_port,
        ) as ipqs:
            _say(f"API        {ipqs.base_url}")
            _say(f"Downloads  http://{ipqs.download_host}")
            _say(f"Key        {options.key}")
            ended.wait()
    except OSError as error:
        sys.stderr.write(f"cannot serve: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.simulators.ipqs",
        description="Simulate IPQS' bulk CSV API on loopback until Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="of the API; 0 is any")
    parser.add_argument("--download-port", type=int, default=0, help="of the links")
    parser.add_argument("--key", default="local-ipqs-key", help="the one that works")
    parser.add_argument(
        "--seconds-per-state", type=float, default=5.0, help="before FINISHED, 4 times"
    )
    parser.add_argument(
        "--seconds-per-1000-rows", type=float, default=0.0, help="added to PROCESSING"
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end with the parent process that holds the other end of stdin",
    )
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _wait_for_stdin(ended: threading.Event) -> None:
    # os.read, as a thread inside sys.stdin would disturb the interpreter's end.
    while os.read(0, 1024):
        pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
