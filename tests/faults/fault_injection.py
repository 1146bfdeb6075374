"""Effects: every call to the outside, counted, and made to fail in four ways."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from typing import IO, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from functions.aws import clients
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.download import Download
from functions.providers.transport.http import HttpClient, HttpResponse
from local.simulators.faults import Answer
from local.simulators.ipqs import IpqsSimulator

_TLS = verified_tls_context()
_BUSY = {
    "s3": ("SlowDown", 503),
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "secretsmanager": ("ThrottlingException", 400),
    "stepfunctions": ("ThrottlingException", 400),
}


class Mode(Enum):
    """How a call fails."""

    ERROR_BEFORE = auto()  # nothing happened, and we are told so
    ERROR_AFTER = auto()  # it happened, and we are told that it did not
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()


class Killed(BaseException):
    """The function's process ended here; nothing in it can catch that."""


class FaultInjector:
    """The calls of a run in their order; `planned` says which fail, by number.

    A killed process makes no further call: its `finally` blocks run here, but
    what they attempt does not happen. `alive_again` is the next process.
    """

    def __init__(self, ipqs: IpqsSimulator) -> None:
        self._ipqs = ipqs
        self.plan({})

    def plan(self, planned: Mapping[int, Mode]) -> None:
        """Forget what was, and let these calls fail."""
        self.seen: list[str] = []
        self.hit: list[str] = []
        self._planned = dict(planned)
        self._dead = False

    def alive_again(self) -> None:
        """Begin another process."""
        self._dead = False

    def begin(self, name: str) -> Mode | None:
        """Count a call that is about to be made; give how it is to fail."""
        if self._dead:
            raise Killed
        mode = self._planned.get(len(self.seen))
        self.seen.append(name)
        if mode is not None:
            self.hit.append(f"{name} {mode.name}")
        if mode is Mode.KILLED_BEFORE:
            self._die()
        return mode

    def end(self, mode: Mode | None) -> None:
        """Note that the call was made."""
        if mode is Mode.KILLED_AFTER:
            self._die()
        if self._dead:
            raise Killed

    @contextmanager
    def http(self, call: str) -> Iterator[None]:
        """Put the fault around a call to the provider; it answers the errors."""
        mode = self.begin(f"ipqs.{call}")
        if mode is Mode.ERROR_BEFORE:
            self._ipqs.script(call, [Answer.dropped_before()])
        if mode is Mode.ERROR_AFTER:
            # A file that breaks off, an answer that never comes.
            cut = Answer.cut_after(20) if call == "download" else Answer.dropped_after()
            self._ipqs.script(call, [cut])
        yield
        self.end(mode)

    def _die(self) -> None:
        self._dead = True
        raise Killed


class CountedHttpClient(HttpClient):
    """Speaks HTTP as always, through the effects."""

    def __init__(self, effects: FaultInjector) -> None:
        super().__init__(tls=_TLS, loopback=True)
        self._effects = effects

    def request(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes | None = None,
    ) -> HttpResponse:
        """Make a call of the API."""
        names = ("upload", "status", "list")
        with self._effects.http(next(name for name in names if f"/{name}" in url)):
            return super().request(
                method,
                url,
                seconds=seconds,
                max_bytes=max_bytes,
                headers=headers,
                body=body,
            )

    def open_download(self, url: str, *, seconds: float, max_bytes: int) -> Download:
        """Open a link."""
        opened: Download | None = None
        try:
            with self._effects.http("download"):
                opened = super().open_download(
                    url, seconds=seconds, max_bytes=max_bytes
                )
        except Killed:
            if opened is not None:
                opened.close()  # the operating system would
            raise
        return opened


@contextmanager
def inject_faults(effects: FaultInjector) -> Iterator[None]:
    """Lead every call of the AWS clients through the effects."""

    def before(model: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's own
        service = model.service_model.service_name
        mode = effects.begin(f"{service}.{model.name}")
        context["mode"] = mode
        if mode is Mode.ERROR_BEFORE:
            raise failure(*_BUSY[service])

    def after(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        mode = context["mode"]
        if mode is not None and "Body" in parsed:
            parsed["Body"].close()  # nobody will get to read it
        effects.end(mode)
        if mode is Mode.ERROR_AFTER:
            raise ReadTimeoutError(endpoint_url="https://aws.example")

    with hooked("before-call", before), hooked("after-call", after):
        yield


@contextmanager
def hooked(event: str, hook: Any) -> Iterator[None]:  # noqa: ANN401 - botocore's own
    """Let every AWS client tell a hook of an event."""
    all_clients: tuple[Any, ...] = (
        clients.s3(),
        clients.dynamodb(),
        clients.secrets_manager(),
        clients.step_functions(),
    )
    for client in all_clients:
        client.meta.events.register(event, hook)
    try:
        yield
    finally:
        for client in all_clients:
            client.meta.events.unregister(event, hook)


def failure(code: str, status: int) -> ClientError:
    """An AWS service's refusal."""
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # the rest is not looked at
        "AnyOperation",
    )
