"""Run the emulator alone, by `python -m local.emulator`."""

import argparse
import signal
import sys
import threading

from local.emulator.process import Emulator, EmulatorFailed


def main() -> int:
    """Start the emulator, print its endpoint, and run until Ctrl-C or SIGTERM."""
    options = _parser().parse_args()
    stopped = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopped.set())
    try:
        with Emulator.started(
            wait_scale=options.wait_scale,
            auth=options.auth,
            port=options.port,
            environments=options.environments,
            without=options.without,
            verbose=options.verbose,
        ) as emulator:
            print(emulator.endpoint, flush=True)  # noqa: T201 - its only line of output
            stopped.wait()
    except EmulatorFailed as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command says why it failed
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.emulator",
        description="A local AWS for Verdict Courier, on this machine's loopback only. "
        "Prints its endpoint when it is ready; deletes all its data when it ends.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="listen here (default: a free port)"
    )
    parser.add_argument(
        "--wait-scale",
        type=float,
        default=1.0,
        help="how long Wait states and retry pauses last, as a factor; 0 skips them "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--auth",
        action="store_true",
        help="put IAM in force: signatures and policies",
    )
    parser.add_argument(
        "--environments",
        type=int,
        default=8,
        metavar="N",
        help="run at most N Lambda processes (default: %(default)s)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="CORRECTION",
        help="leave out a correction of the engine, by name; can be repeated",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show the emulator's log on stderr"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
