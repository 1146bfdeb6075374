"""Fault injection: record every call to the outside, and make chosen ones fail."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from functions.aws import clients
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.download import Download
from functions.providers.transport.http import HttpClient, HttpResponse
from local.simulators.faults import Answer
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.world.injection import Killed, Mode, lost_answer, service_error
from tests.world.memory_aws.hook import client_error

_TLS = verified_tls_context()


class FaultInjector:
    """Numbers the calls of a run and fails the planned ones.

    A killed process makes no further call: its `finally` blocks still run in the
    test, but the calls that they attempt have no effect until `restart`.
    """

    def __init__(self) -> None:
        self.plan({})

    def plan(self, faults: Mapping[int, Mode]) -> None:
        """Reset the records, and fail the calls with these numbers, from 0."""
        self.calls: list[str] = []
        self.injected: list[str] = []
        self._faults = dict(faults)
        self._killed = False

    def restart(self) -> None:
        """Start a new process, which can make calls again."""
        self._killed = False

    def begin(self, name: str) -> Mode | None:
        """Record a call that is about to be made; return how it has to fail."""
        if self._killed:
            raise Killed
        mode = self._faults.get(len(self.calls))
        self.calls.append(name)
        if mode is not None:
            self.injected.append(f"{name} {mode.name}")
        if mode is Mode.KILLED_BEFORE:
            self._kill()
        return mode

    def end(self, mode: Mode | None) -> None:
        """Kill the process after a call, where that was planned."""
        if mode is Mode.KILLED_AFTER:
            self._kill()
        if self._killed:
            raise Killed

    def _kill(self) -> None:
        self._killed = True
        raise Killed


class FaultyHttpClient(HttpClient):
    """An HTTP client whose calls pass through a fault injector.

    `call_name` returns the simulator's name of a call, from its method and URL. The
    simulator produces the errors, so that they are real ones.
    """

    def __init__(
        self,
        injector: FaultInjector,
        simulator: IpqsSimulator | TxncheckSimulator,
        *,
        provider: str,
        call_name: Callable[[str, str], str],
    ) -> None:
        super().__init__(tls=_TLS, loopback=True)
        self._injector = injector
        self._simulator = simulator
        self._provider = provider
        self._call_name = call_name

    def request(self, method: str, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401 - passed on
        """Call the provider's API."""
        with self._fault(self._call_name(method, url)):
            return super().request(method, url, **options)

    def open_download(self, url: str, *, seconds: float, max_bytes: int) -> Download:
        """Open a link."""
        opened: Download | None = None
        try:
            with self._fault("download"):
                opened = super().open_download(
                    url, seconds=seconds, max_bytes=max_bytes
                )
        except Killed:
            if opened is not None:
                opened.close()  # the operating system would
            raise
        return opened

    @contextmanager
    def _fault(self, call: str) -> Iterator[None]:
        mode = self._injector.begin(f"{self._provider}.{call}")
        if mode is Mode.ERROR_BEFORE:
            self._simulator.script(call, [Answer.dropped_before()])
        if mode is Mode.ERROR_AFTER:
            # A file that breaks off, or a response that never arrives.
            cut = Answer.cut_after(20) if call == "download" else Answer.dropped_after()
            self._simulator.script(call, [cut])
        yield
        self._injector.end(mode)


@contextmanager
def inject_faults(injector: FaultInjector) -> Iterator[None]:
    """Pass every call of the AWS clients through the injector."""

    def before(model: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's own
        service = model.service_model.service_name
        mode = injector.begin(f"{service}.{model.name}")
        context["mode"] = mode
        if mode is Mode.ERROR_BEFORE:
            raise service_error(service, model.name)

    def after(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        mode = context["mode"]
        if mode is not None and "Body" in parsed:
            parsed["Body"].close()  # the caller never receives it
        injector.end(mode)
        if mode is Mode.ERROR_AFTER:
            raise lost_answer()

    with aws_hook("before-call", before), aws_hook("after-call", after):
        yield


@contextmanager
def aws_hook(event: str, hook: Any) -> Iterator[None]:  # noqa: ANN401 - botocore's own
    """Register a hook for a botocore event with all AWS clients."""
    all_clients: tuple[Any, ...] = (
        clients.s3(),
        clients.dynamodb(),
        clients.secrets_manager(),
        clients.step_functions(),
        clients.sts(),
    )
    for client in all_clients:
        client.meta.events.register(event, hook)
    try:
        yield
    finally:
        for client in all_clients:
            client.meta.events.unregister(event, hook)


@contextmanager
def aws_failure(event: str, code: str, status: int) -> Iterator[None]:
    """Fail every AWS call at a botocore event, such as `after-call.s3.PutObject`."""

    def fail(**_: object) -> None:
        raise client_error(code, status)

    with aws_hook(event, fail):
        yield
