"""One check: measure what a request on a new connection takes of the processor.

    python -m benchmarks.one_check

Beside it stands `requests.get` as it comes, which reads all authorities' certificates
for each new connection. Both ask for the same status over TLS on the loopback
interface, of a server in another process, and trust the same authorities. They take
turns, and only the ratio says anything.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import certifi
import requests

from benchmarks.course import certificates, endpoint
from benchmarks.endpoints import Plan
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.http import HttpClient

_ROUNDS, _CALLS = 9, 20
_SECONDS, _MAX_BYTES = 10.0, 64 * 1024
#: The bar for the ratio.
_RATIO = 0.15


def main() -> int:
    """Print milliseconds of the processor for a request, and their ratio."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        ca, own = certificates(folder)
        authorities = folder / "authorities.pem"
        authorities.write_bytes(Path(certifi.where()).read_bytes() + ca.read_bytes())
        tls = verified_tls_context()
        tls.load_verify_locations(ca)
        ours = HttpClient(tls=tls, loopback=True)
        with endpoint(Plan(certificate=str(own), bytes=0)) as port:
            url = f"https://localhost:{port}/api/status/1"

            def check() -> None:
                answer = ours.request(
                    "GET", url, seconds=_SECONDS, max_bytes=_MAX_BYTES
                )
                _require(b'"FINISHED"' in answer.body)

            def get() -> None:
                answer = requests.get(url, verify=str(authorities), timeout=_SECONDS)
                _require(answer.json()["status"] == "FINISHED")

            rounds = [
                (_milliseconds(check), _milliseconds(get)) for _ in range(_ROUNDS)
            ]
    here, peer = map(statistics.median, zip(*rounds, strict=True))
    print("ms of the processor, a request on a new connection")
    print(f"{'a check':<20}{here:>8.1f}")
    print(f"{'requests.get':<20}{peer:>8.1f}")
    print(f"{'ratio':<20}{here / peer:>8.3f}  (bar {_RATIO})")
    if here > _RATIO * peer:
        print("✗ A check takes more of the processor than the bar allows.")
        return 1
    return 0


def _milliseconds(call: Callable[[], None]) -> float:
    """Return what one of some calls takes of this process's processor time."""
    call()
    begin = time.process_time()
    for _ in range(_CALLS):
        call()
    return (time.process_time() - begin) / _CALLS * 1000


def _require(answered: bool) -> None:
    if not answered:
        raise RuntimeError("the endpoint did not answer with a status")


if __name__ == "__main__":
    sys.exit(main())
