"""Site: what all worlds of this Python process share, because it is slow to make.

It patches the product's edges for as long as it is open: AWS is in memory, HTTP calls
pass the injector and then go to the simulators on real sockets, time is the world's.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from unittest import mock

from botocore.useragent import UserAgentString

from functions import join, reading_ahead
from functions.aws import (
    aws_time,
    clients,
    clock,
    settings,
    streaming,
    telemetry,
    verdict_memory,
)
from functions.core.provider_settings import ProviderSettings
from functions.providers.transport import connection, http
from functions.providers.transport.download import Download
from functions.providers.transport.http import HttpClient, HttpResponse
from local.simulators.clock import Clock
from local.simulators.faults import Answer
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from local.simulators.txncheck.webhook_sender import SignedWebhook, WebhookSender
from tests.world.deployment import Deployment
from tests.world.injection import Fault, Injector, Mode
from tests.world.lambdas import SerialExecutor
from tests.world.memory_aws.hook import AwsHook
from tests.world.remembered_join import RememberedJoin

IPQS_KEY = "canaryKeyOfTheProvider"
TXNCHECK_KEY = "canaryKeyOfTxncheck"
MEMORY_SECRET = "canarySecretOfTheMemory"
WEBHOOK_SECRET = "canarySecretOfWebhooks"
Simulator = IpqsSimulator | TxncheckSimulator
_PARSED_PROVIDERS = settings.parsed_providers.__wrapped__
_NOW = clock.now  # which other fixtures may have replaced when a site is opened


@dataclass
class Site:
    """The simulators, the deployment, and the place where calls of a world arrive."""

    deployment: Deployment
    ipqs: IpqsSimulator
    txncheck: TxncheckSimulator
    hook: AwsHook
    clock: Clock
    injector: Injector = field(default_factory=Injector)
    log: StringIO = field(default_factory=StringIO)  # of the functions, and metrics
    #: The seconds by which a function's clock is ahead, by function.
    skew: Mapping[str, float] = field(default_factory=dict)
    #: Sends a webhook, given its headers and body; returns the HTTP status.
    post_webhook: Callable[[Mapping[str, str], bytes], int | None] = (
        lambda _headers, _body: None
    )

    @classmethod
    @contextmanager
    def opened(cls, assembly: Path) -> Iterator[Self]:
        """Open the site until the block ends; only one can be open."""
        with ExitStack() as stack:
            time = Clock()
            ipqs = stack.enter_context(
                IpqsSimulator.started(api_key=IPQS_KEY, clock=time)
            )
            txncheck = stack.enter_context(
                TxncheckSimulator.started(
                    api_key=TXNCHECK_KEY,
                    clock=time,
                    webhook_url="http://localhost:1/webhooks/txncheck",
                    webhook_secret=WEBHOOK_SECRET,
                )
            )
            parameters = {
                "IpqsBaseUrl": ipqs.base_url,
                "IpqsDownloadHost": ipqs.download_host,
                "TxncheckBaseUrl": txncheck.base_url,
            }
            deployment = Deployment.read(assembly, parameters)
            for client in _clients():
                client.cache_clear()
                stack.callback(client.cache_clear)
            hook = AwsHook()
            site = cls(deployment, ipqs, txncheck, hook, time)
            hook.answered = site.tell_time
            machine_clock = SimpleNamespace(time=site.now)
            txncheck.sender = _WebhookSender(site)
            tls = connection.verified_tls_context()

            class SiteHttpClient(_SiteHttpClient):
                def __init__(self, **_options: object) -> None:
                    super().__init__(tls=tls, loopback=True)
                    self.site = site

            _log_to(_SiteLog(site), stack)
            for target, name, value in (
                (clients, "session", lambda: hook.session),
                (clock, "now", _NOW),
                (clock, "time", machine_clock),
                (aws_time, "time", machine_clock),
                (http, "HttpClient", SiteHttpClient),
                # It reads the bundle of all CAs.
                (connection, "verified_tls_context", lambda: tls),
                (verdict_memory, "ThreadPoolExecutor", SerialExecutor),
                (reading_ahead, "ThreadPoolExecutor", SerialExecutor),
                (join, "Join", RememberedJoin),
                (streaming, "ThreadPoolExecutor", SerialExecutor),
                # A result of some lines needs no buffer of 16 MiB.
                (streaming, "PART_BYTES", 64 * 1024),
                (settings, "parsed_providers", cache(_parsed_providers)),
                # botocore composes it for each call.
                (UserAgentString, "to_string", lambda _self: "world"),
            ):
                stack.enter_context(mock.patch.object(target, name, value))
            yield site

    def now(self) -> float:
        """Return the time by the clock of the machine whose function asks."""
        process = self.injector.process
        ahead = self.skew.get(process.function, 0.0) if process else 0.0
        return self.clock.now() + ahead

    def tell_time(self) -> None:
        """Set the true time for a function, as each answer of AWS does."""
        date = format_datetime(
            datetime.fromtimestamp(self.clock.now(), UTC), usegmt=True
        )
        aws_time.offset.learn(date, received_at=self.now())

    def reset(self) -> None:
        """Reset the simulators, and the time."""
        self.clock.advanced = 0.0
        self.ipqs.reset()
        self.txncheck.reset()
        self.skew = {}


@dataclass
class _SiteLog:
    """A stream that writes to the log of the current world."""

    site: Site

    def write(self, text: str) -> None:
        """Write a text."""
        self.site.log.write(text)

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""


def _log_to(log: _SiteLog, stack: ExitStack) -> None:
    """Write what the functions log, down to DEBUG, and their metrics, to a log."""
    handler: Any = telemetry.logger.registered_handler
    stack.callback(telemetry.logger.setLevel, telemetry.logger.log_level)
    stack.callback(handler.setStream, handler.stream)
    handler.setStream(log)
    telemetry.logger.setLevel("DEBUG")
    stack.enter_context(
        mock.patch.object(telemetry, "sys", SimpleNamespace(stdout=log))
    )


class _WebhookSender(WebhookSender):
    """Delivers the simulator's webhooks to the world instead of to a socket."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site

    def post(self, _url: str, webhook: SignedWebhook, _seconds: float) -> int | None:
        """Return the status of the answer; None if none came."""
        return self._site.post_webhook(webhook.headers, webhook.body)


class _SiteHttpClient(HttpClient):
    """An HTTP client whose calls pass the injector.

    The simulators produce the errors, so that they are real ones.
    """

    site: Site

    def request(self, method: str, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401 - passed on
        """Call a provider's API."""
        with self._fault(*self._call(method, url)):
            return super().request(method, url, **options)

    def open_download(self, url: str, **options: Any) -> Download:  # noqa: ANN401 - passed on
        """Open a link."""
        opened: Download | None = None
        try:
            with self._fault(self.site.ipqs, "download"):
                opened = super().open_download(url, **options)
        except BaseException:
            if opened is not None:
                opened.close()  # the operating system would
            raise
        return opened

    def _call(self, method: str, url: str) -> tuple[Simulator, str]:
        if url.startswith(self.site.txncheck.base_url):
            return self.site.txncheck, "submit" if method == "POST" else "check"
        path = url.removeprefix(self.site.ipqs.base_url).partition("?")[0]
        calls = ("upload", "status", "list", "account")
        return self.site.ipqs, next(name for name in calls if f"/{name}" in path)

    @contextmanager
    def _fault(self, simulator: Simulator, call: str) -> Iterator[None]:
        provider = "ipqs" if simulator is self.site.ipqs else "txncheck"
        fault = self.site.injector.begin(f"{provider}.{call}")
        if fault is not None and (answer := _faulty_answer(call, fault)):
            simulator.script(call, [answer])
        yield
        self.site.injector.end(fault)


def _faulty_answer(call: str, fault: Fault) -> Answer | None:
    if fault.mode is Mode.ERROR_BEFORE and fault.code.isdigit():
        return Answer.http(int(fault.code), b"{}", retry_after="7")
    if fault.mode is Mode.ERROR_BEFORE:
        return Answer.dropped_before()
    if fault.mode is not Mode.ERROR_AFTER:
        return None
    # A file that breaks off, or a response that never arrives.
    return Answer.cut_after(20) if call == "download" else Answer.dropped_after()


def _parsed_providers(text: str) -> Mapping[str, ProviderSettings]:
    """Return as the product does, but not once in each of a thousand processes."""
    return _PARSED_PROVIDERS(text)


def _clients() -> list[Any]:
    return [
        value
        for value in vars(clients).values()
        if hasattr(value, "cache_clear") and value.__module__ == clients.__name__
    ]
