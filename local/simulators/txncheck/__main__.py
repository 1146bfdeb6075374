"""The TxnCheck simulator by itself: python -m local.simulators.txncheck --help."""

import argparse
import sys
from collections.abc import Sequence

from local.simulators.clock import RunningClock
from local.simulators.standalone import add_ending, ending, say
from local.simulators.txncheck import Behaviour, TxncheckSimulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal, or the end of the parent; the value is the exit code."""
    options = _parser().parse_args(arguments)
    ended = ending(until_stdin_closes=options.until_stdin_closes)

    behaviour = Behaviour(
        seconds_queued=options.seconds_queued,
        seconds_processing=options.seconds_processing,
    )
    try:
        with TxncheckSimulator.started(
            api_key=options.key,
            signing_secret=options.signing_secret,
            webhook_url=options.webhook_url,
            webhook_secret=options.webhook_secret,
            clock=RunningClock(),
            behaviour=behaviour,
            port=options.port,
        ) as txncheck:
            say(f"API        {txncheck.base_url}")
            say(f"Key        {options.key}")
            ended.wait()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot serve: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.simulators.txncheck",
        description="Simulate TxnCheck's API on loopback until Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="of the API; 0 is any")
    parser.add_argument("--key", default="local-txncheck-key", help="that works")
    parser.add_argument("--signing-secret", help="requests must be signed with it")
    parser.add_argument("--webhook-url", help="http:// on loopback, with its port")
    parser.add_argument("--webhook-secret", help="signs the webhooks")
    parser.add_argument(
        "--seconds-queued", type=float, default=2.0, help="before the work begins"
    )
    parser.add_argument(
        "--seconds-processing", type=float, default=8.0, help="that the work takes"
    )
    add_ending(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
