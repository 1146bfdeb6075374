"""Run one simulator as a process: `python -m local.simulators --help`."""

import os
import signal
import sys
import threading
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from local.simulators.clock import RunningClock
from local.simulators.ipqs import IpqsBehaviour, IpqsSimulator
from local.simulators.provider import SimulatedProvider
from local.simulators.txncheck import TxncheckBehaviour, TxncheckSimulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or the parent's end, and return the exit code.

    The addresses and the key are written to stdout, one a line.
    """
    parser = ArgumentParser(
        prog="python -m local.simulators",
        description="Simulate a provider's API on loopback until Ctrl-C.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("provider", choices=("ipqs", "txncheck"))
    add("--port", type=int, default=0, help="of the API; downloads get the next one")
    add("--key", default="local-key", help="the valid API key")
    add("--seconds-per-state", type=float, default=5.0, help="until the next status")
    add("--signing-secret", help="makes TxnCheck require signed requests")
    add("--webhook-url", help="for TxnCheck: http:// on loopback, with a port")
    add("--webhook-secret", help="signs TxnCheck's webhooks")
    add("--until-stdin-closes", action="store_true", help="end with the parent process")
    options = parser.parse_args(arguments)
    stopped = threading.Event()

    def wait_for_stdin() -> None:
        # A thread inside sys.stdin would block the interpreter's end; os.read does not.
        while os.read(0, 1024):
            pass
        stopped.set()

    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopped.set())
    if options.until_stdin_closes:
        threading.Thread(target=wait_for_stdin, daemon=True).start()
    try:
        with _started(options) as simulator:
            for label, value in {**simulator.addresses, "Key": options.key}.items():
                print(f"{label:<10} {value}", flush=True)  # noqa: T201 a command's output
            stopped.wait()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot serve: {error}\n")
        return 1
    return 0


def _started(options: Namespace) -> AbstractContextManager[SimulatedProvider[Any]]:
    seconds, clock = options.seconds_per_state, RunningClock()
    common = {"api_key": options.key, "clock": clock, "port": options.port}
    if options.provider == "ipqs":
        statuses = ("new", "processing", "unique_results", "finalizing")
        ipqs = IpqsBehaviour(**{f"seconds_{status}": seconds for status in statuses})
        return IpqsSimulator.started(behaviour=ipqs, **common)
    return TxncheckSimulator.started(
        behaviour=TxncheckBehaviour(seconds_queued=seconds, seconds_processing=seconds),
        signing_secret=options.signing_secret,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        **common,
    )


if __name__ == "__main__":
    sys.exit(main())
