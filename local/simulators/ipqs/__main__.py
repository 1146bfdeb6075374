"""The IPQS simulator by itself: python -m local.simulators.ipqs --help."""

import argparse
import sys
from collections.abc import Sequence

from local.simulators.clock import RunningClock
from local.simulators.ipqs import Behaviour, IpqsSimulator
from local.simulators.standalone import add_ending, ending, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal, or the end of the parent; the value is the exit code."""
    options = _parser().parse_args(arguments)
    ended = ending(until_stdin_closes=options.until_stdin_closes)

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
            say(f"API        {ipqs.base_url}")
            say(f"Downloads  http://{ipqs.download_host}")
            say(f"Key        {options.key}")
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
    add_ending(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
