"""Wiring: which collaborators a handler gets, made once for each environment."""

import random
import time
from collections.abc import Callable
from functools import cache

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.core.model import Job, State
from functions.providers import txncheck_webhooks
from functions.providers.connection import trusting_context
from functions.providers.http import Http
from functions.providers.ipqs import Ipqs, IpqsSettings
from functions.providers.protocol import Batching, Provider, Webhook
from functions.providers.txncheck import Txncheck, TxncheckSettings
from functions.runtime import aws, settings
from functions.runtime.executions import Executions
from functions.runtime.inbox import Inbox
from functions.runtime.ledger import Ledger
from functions.runtime.pace import Pace
from functions.runtime.parcels import Parcels
from functions.runtime.results import Results
from functions.runtime.secret import Secret
from functions.runtime.settings import ProviderSettings
from functions.runtime.telemetry import logger
from functions.runtime.waits import Waits

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


def batching(of: Job) -> Batching:
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


def inbox(of: Job) -> Inbox:
    """Give a job's source."""
    return Inbox(of, s3=aws.s3())


def webhook_reader(name: str) -> Callable[[bytes], Webhook | None] | None:
    """Give what reads a provider's webhooks; None where it is not known to send any.

    A provider that sends webhooks is one line here.
    """
    return {"txncheck": txncheck_webhooks.webhook_of}.get(name)


def webhook_secrets(name: str) -> tuple[str, ...]:
    """Give the secrets with which a provider may sign its webhooks."""
    known = settings_of(name)
    return Secret(known.webhook_secret, provider=_secrets()).webhook_secrets()


def pace(of: Job) -> Pace | None:
    """Give the queue at a job's provider; None where its rate is not bounded."""
    rate = provider_settings(of).rate
    if rate is None:
        return None
    table = settings.of_this_function("COURIER_WAITS").waits
    return Pace(table, of.provider, rate=rate, dynamodb=aws.dynamodb())


@cache
def waits() -> Waits:
    """Give the waits table."""
    known = settings.of_this_function("COURIER_WAITS")
    return Waits(known.waits, dynamodb=aws.dynamodb(), states=aws.states())


def parcels(of: Job) -> Parcels:
    """Give what a batch was made into."""
    return Parcels(of, s3=aws.s3())


@cache
def ledger() -> Ledger:
    """Give the jobs table."""
    known = settings.of_this_function("COURIER_TABLE", "COURIER_KEEP_DAYS")
    return Ledger(known.table, dynamodb=aws.dynamodb(), keep_days=known.keep_days)


@cache
def results() -> Results:
    """Give the results bucket."""
    known = settings.of_this_function("COURIER_RESULTS_BUCKET")
    return Results(known.results_bucket, s3=aws.s3())


@cache
def executions() -> Executions:
    """Give the executions of the state machine."""
    known = settings.of_this_function("COURIER_STATE_MACHINE")
    return Executions(known.state_machine, states=aws.states())


@cache
def _ipqs() -> Ipqs:
    known = settings_of("ipqs")
    described = IpqsSettings.from_json(known.adapter)
    return Ipqs(
        described,
        http=Http(tls=trusting_context(), loopback=described.loopback),
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
        http=Http(tls=trusting_context(), loopback=described.loopback),
        key=secret.api_key,
        signing_secret=secret.api_secret,
        now=now,
    )


@cache
def _secrets() -> SecretsProvider:
    return SecretsProvider(boto3_client=aws.secrets())


def _providers() -> settings.Settings:
    return settings.of_this_function("COURIER_PROVIDERS")
