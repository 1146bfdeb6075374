"""Wiring: which collaborators a handler gets, made once for each environment."""

import random
import time
from collections.abc import Callable
from functools import cache

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.aws import clients, settings
from functions.aws.batch_store import BatchStore
from functions.aws.callbacks import CallbackStore
from functions.aws.executions import Executions
from functions.aws.job_store import JobStore
from functions.aws.rate_limiter import RateLimiter
from functions.aws.results import Results
from functions.aws.s3_source import S3Source
from functions.aws.secret import Secret
from functions.aws.settings import ProviderSettings
from functions.aws.telemetry import logger
from functions.core.model import Job, State
from functions.providers.ipqs.adapter import Ipqs, IpqsSettings
from functions.providers.protocol import BatchProvider, Provider, WebhookEvent
from functions.providers.transport.connection import verified_tls_context
from functions.providers.transport.http import HttpClient
from functions.providers.txncheck import webhooks
from functions.providers.txncheck.adapter import Txncheck, TxncheckSettings

#: The decorator of every handler: log lines carry the request and nothing of the
#: call before.
handler = logger.inject_lambda_context(clear_state=True)
now = time.time
chance = random.random


def job(state: State) -> Job:
    """Read the job from a state, and name it on every log line from here on."""
    read = Job.from_state(state)
    logger.append_keys(job_id=read.job_id, provider=read.provider, type=read.type)
    return read


def provider(of: Job) -> Provider:
    """Give the adapter of a job's provider. A new provider is one line here."""
    makers: dict[str, Callable[[], Provider]] = {
        "ipqs": _ipqs,
        "txncheck": _txncheck,
    }
    return makers[of.provider]()


def batching(of: Job) -> BatchProvider:
    """Give the adapter of a job's provider, which packs and unpacks batches."""
    makers = {"txncheck": _txncheck}
    return makers[of.provider]()


def provider_settings(of: Job) -> ProviderSettings:
    """Give the settings of a job's provider."""
    return settings_of(of.provider)


def settings_of(name: str) -> ProviderSettings:
    """Give the settings of a provider."""
    return _providers().providers[name]


def types() -> dict[str, tuple[str, ...]]:
    """Give the types that each provider takes."""
    return _providers().types


def inbox(of: Job) -> S3Source:
    """Give a job's source."""
    return S3Source(of, s3=clients.s3())


def webhook_reader(name: str) -> Callable[[bytes], WebhookEvent | None] | None:
    """Give what reads a provider's webhooks; None where it is not known to send any.

    A provider that sends webhooks is one line here.
    """
    return {"txncheck": webhooks.parse_webhook}.get(name)


def webhook_secrets(name: str) -> tuple[str, ...]:
    """Give the secrets with which a provider may sign its webhooks."""
    known = settings_of(name)
    return Secret(known.webhook_secret, provider=_secrets()).webhook_secrets()


def pace(of: Job) -> RateLimiter | None:
    """Give the queue at a job's provider; None where its rate is not bounded."""
    rate = provider_settings(of).rate
    if rate is None:
        return None
    table = settings.of_this_function("COURIER_WAITS").waits
    return RateLimiter(table, of.provider, rate=rate, dynamodb=clients.dynamodb())


@cache
def waits() -> CallbackStore:
    """Give the waits table."""
    known = settings.of_this_function("COURIER_WAITS")
    return CallbackStore(
        known.waits, dynamodb=clients.dynamodb(), states=clients.step_functions()
    )


def parcels(of: Job) -> BatchStore:
    """Give what a batch was made into."""
    return BatchStore(of, s3=clients.s3())


@cache
def ledger() -> JobStore:
    """Give the jobs table."""
    known = settings.of_this_function("COURIER_TABLE", "COURIER_KEEP_DAYS")
    return JobStore(known.table, dynamodb=clients.dynamodb(), keep_days=known.keep_days)


@cache
def results() -> Results:
    """Give the results bucket."""
    known = settings.of_this_function("COURIER_RESULTS_BUCKET")
    return Results(known.results_bucket, s3=clients.s3())


@cache
def executions() -> Executions:
    """Give the executions of the state machine."""
    known = settings.of_this_function("COURIER_STATE_MACHINE")
    return Executions(known.state_machine, states=clients.step_functions())


@cache
def _ipqs() -> Ipqs:
    known = settings_of("ipqs")
    described = IpqsSettings.from_json(known.adapter)
    return Ipqs(
        described,
        http=HttpClient(tls=verified_tls_context(), loopback=described.loopback),
        key=Secret(known.secret, provider=_secrets()).api_key,
        now=now,
    )


@cache
def _txncheck() -> Txncheck:
    known = settings_of("txncheck")
    described = TxncheckSettings.from_json(known.adapter)
    secret = Secret(known.secret, provider=_secrets())
    return Txncheck(
        described,
        http=HttpClient(tls=verified_tls_context(), loopback=described.loopback),
        key=secret.api_key,
        signing_secret=secret.api_secret,
        now=now,
    )


@cache
def _secrets() -> SecretsProvider:
    return SecretsProvider(boto3_client=clients.secrets_manager())


def _providers() -> settings.FunctionSettings:
    return settings.of_this_function("COURIER_PROVIDERS")
