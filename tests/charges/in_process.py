"""In process: call a provider's simulator without sockets, thousands of times."""

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from email.message import Message
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from werkzeug.wsgi import LimitedStream

from functions.providers.ipqs import adapter
from functions.providers.transport.http import HttpClient, HttpResponse
from local.simulators.ipqs import IpqsSimulator
from local.simulators.ipqs.verification import Verified
from local.simulators.provider import SimulatedProvider
from local.simulators.server import HttpRequest
from local.simulators.txncheck import TxncheckSimulator

KEY = "key"
Simulator = IpqsSimulator | TxncheckSimulator


@contextmanager
def simulators() -> Iterator[tuple[IpqsSimulator, TxncheckSimulator]]:
    """Yield a simulator of each provider that is reached by an `InProcessClient`."""
    ipqs = IpqsSimulator(api_key=KEY, behaviour=None, clock=None)
    txncheck = TxncheckSimulator(api_key=KEY, behaviour=None, clock=None)
    for simulator in (ipqs, txncheck):
        names = simulator.hosts()
        simulator.addresses = {
            name: f"http://{name.lower()}.invalid{simulator.root}" for name in names
        }
        simulator.base_url = simulator.addresses["API"]
    in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - faster
    with (
        mock.patch.object(tempfile, "tempdir", in_memory),
        ipqs.working(),
        txncheck.working(),
        # Nobody asks for verdicts.
        mock.patch.object(ipqs, "_worker", SimpleNamespace(submit=_postpone)),
        # Each boundary of a form would be compiled into regular expressions.
        mock.patch.object(adapter, "uuid", SimpleNamespace(uuid4=lambda: UUID(int=0))),
    ):
        yield ipqs, txncheck


def _postpone(*_arguments: object, **_options: object) -> Future[Verified]:
    return Future()


class InProcessClient(HttpClient):
    """An HTTP client whose requests are calls of a simulator's API."""

    def __init__(self, simulator: SimulatedProvider[Any]) -> None:
        self._application = simulator.hosts()["API"]

    def request(
        self,
        method: str,
        url: str,
        *,
        seconds: float,  # noqa: ARG002 - no time passes
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> HttpResponse:
        """See `HttpClient.request`."""
        parts, message = urlsplit(url), Message()
        for name, value in (headers or {}).items():
            message[name] = value
        content = b"".join([body] if isinstance(body, bytes) else body or [])
        reply = self._application(
            HttpRequest(
                method=method,
                target=url.partition(parts.netloc)[2],
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers=message,
                body=LimitedStream(BytesIO(content), len(content)),
                chunked=False,
            )
        )
        answer = reply.content.read()
        assert len(answer) <= max_bytes
        return HttpResponse(reply.status, dict(reply.headers), answer)
