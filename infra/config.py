"""Config: the settings of a stage, read from cdk.json in this one place.

A stage is `every_stage` with its own entries laid over it. What a setting is
for, and why it has its value where that is not plain:

* reserved_concurrency: a number for each function in prod; none in dev and local,
  because a new account may run as few as ten at once in all, and AWS refuses a
  reservation that leaves too few for the rest.
* max_upload_bytes, max_result_bytes, settle_seconds, list_pages: limits of ours;
  the providers publish none.
* endings: of the files that a type takes; batches: those of them that hold many
  requests, one a row. max_batch_requests keeps what the state machine is told of
  them below the size of a state, batch_max_concurrency how many are on their way.
* data_retention_days: how long files and results of a provider are kept; what is
  personal by its nature is kept for a week, as TxnCheck advises; null keeps it
  as long as the buckets keep the rest.
* rate: null where the provider is not known to bound submissions. webhook: null
  where its scheme is not known, which refuses every webhook.
* api_requests_per_second, api_burst: for all callers together; a person with a
  script needs a handful, and a flood is not to become a bill.
* web_acl_arn: a web ACL of AWS WAF for the API, regional; empty for none, since
  every route wants a signature already and a web ACL costs by the month.
* debug_sample_rate: of the functions' environments, how many log at DEBUG whatever
  the level, from 0 to 1; one decides as it starts, and again at each call.
* otel_layer_arn: a layer with OpenTelemetry for Python on arm64, in the same region;
  empty for X-Ray's own tracing, which needs none.
* runbook_url: where docs/operations.md can be read; alarms link to its sections.
* loopback: lets plain http and addresses of this machine through, which is how
  the local stack reaches its simulators. Only the stage `local` may set it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from functions.core.function_table import FUNCTIONS
from infra.parsing import ConfigError, parse

CDK_JSON = Path(__file__).parents[1] / "cdk.json"
LOCAL = "local"

SQS_LEAST_CONCURRENCY = 2
#: Functions by the names that earlier releases had for them in reserved_concurrency.
_RENAMED_FUNCTIONS = {"reflect": "finalize_execution"}


@dataclass(frozen=True, kw_only=True)
class Poll:
    """When to ask a provider again; `functions.core.schedule` applies it."""

    first_seconds: float
    growth: float
    cap_seconds: float
    jitter: float
    hint_min_seconds: float
    hint_max_seconds: float
    deadline_seconds: float


@dataclass(frozen=True, kw_only=True)
class KeyPlace:
    """Where each call of a provider wants its key."""

    upload: Literal["field", "path", "header"]
    status: Literal["path", "header"]
    list: Literal["path", "header"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often a provider lets us submit; `functions.core.rate_limit` keeps it."""

    calls: int
    seconds: float
    leeway_seconds: float


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """How a provider signs its webhooks; `functions.core.signatures` checks it."""

    signature_header: str
    timestamp_header: str
    id_header: str
    timestamp_unit: Literal["seconds", "milliseconds"]
    signed_template: Literal["{body}", "{ts}.{body}", "{id}.{ts}.{body}"]
    algorithm: Literal["sha256", "sha512"]
    encoding: Literal["hex", "base64"]
    prefix: str
    tolerance_seconds: float


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What the functions are told of a provider, apart from its key."""

    #: Whether it can be told to call us.
    calls: ClassVar[bool] = False

    base_url: str
    types: tuple[str, ...]
    endings: tuple[str, ...]
    batches: tuple[str, ...]
    max_batch_requests: int
    max_upload_bytes: int
    max_result_bytes: int
    settle_seconds: int
    data_retention_days: int | None
    loopback: bool
    poll: Poll
    rate: Rate | None
    webhook: Webhook | None


@dataclass(frozen=True, kw_only=True)
class Ipqs(Provider):
    """IPQualityScore."""

    download_hosts: tuple[str, ...]
    key_place: KeyPlace
    list_pages: int


@dataclass(frozen=True, kw_only=True)
class Txncheck(Provider):
    """TxnCheck; its adapter says what its settings are for."""

    calls: ClassVar[bool] = True

    signing: bool
    upi_name: Literal["optional", "required", "unsent"]
    bank_async: bool


@dataclass(frozen=True, kw_only=True)
class Providers(Mapping[str, Provider]):
    """All that there are, by name; a new provider is a field here."""

    ipqs: Ipqs
    txncheck: Txncheck

    def __getitem__(self, name: str) -> Provider:
        known: Provider = getattr(self, name)
        return known

    def __iter__(self) -> Iterator[str]:
        return (known.name for known in fields(self))

    def __len__(self) -> int:
        return len(fields(self))


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything in which one deployment differs from another."""

    name: str
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    debug_sample_rate: float
    otel_layer_arn: str
    runbook_url: str
    log_retention_days: Literal[1, 7, 30, 90, 365]
    inbox_retention_days: int
    results_retention_days: int
    jobs_retention_days: int
    retain_data: bool
    reserved_concurrency: dict[str, int]
    intake_max_concurrency: int
    api_requests_per_second: int
    api_burst: int
    web_acl_arn: str
    batch_max_concurrency: int
    providers: Providers

    @property
    def longest_deadline_seconds(self) -> float:
        """How long the most patient provider's jobs are waited for."""
        return max(known.poll.deadline_seconds for known in self.providers.values())


def context(path: Path = CDK_JSON) -> dict[str, Any]:
    """Return the CDK context, for a synth that the CDK's own command did not start."""
    return dict(json.loads(path.read_text())["context"])


def stage(name: str, settings: Mapping[str, Any]) -> Stage:
    """Read the stage called `name` from the context entry `courier`."""
    stages = settings["stages"]
    if name not in stages:
        raise ConfigError(f"no stage {name!r}; cdk.json has {', '.join(stages)}")

    raw = _laid_over(settings["every_stage"], stages[name])
    raw["reserved_concurrency"] = {
        _RENAMED_FUNCTIONS.get(function, function): number
        for function, number in raw["reserved_concurrency"].items()
    }
    parsed = parse(Stage, {**raw, "name": name}, where=f"courier.stages.{name}")
    _refuse_what_cannot_work(parsed)
    return parsed


def _laid_over(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**shared, **own}
    for name in shared.keys() & own.keys():
        if isinstance(shared[name], dict) and isinstance(own[name], dict):
            merged[name] = _laid_over(shared[name], own[name])
    return merged


def _refuse_what_cannot_work(stage: Stage) -> None:
    where = f"courier.stages.{stage.name}"
    for name, provider in stage.providers.items():
        at = f"{where}.providers.{name}"
        if provider.loopback and stage.name != LOCAL:
            raise ConfigError(f"{at}.loopback: only the stage {LOCAL!r} may be true")
        if urlsplit(provider.base_url).scheme != "https":
            raise ConfigError(f"{at}.base_url: must begin with https://")

    if not 0 <= stage.debug_sample_rate <= 1:
        raise ConfigError(f"{where}.debug_sample_rate: must be from 0 to 1")

    unknown = sorted(stage.reserved_concurrency.keys() - FUNCTIONS.keys())
    if unknown:
        raise ConfigError(f"{where}.reserved_concurrency: no function {unknown[0]!r}")

    reserved = stage.reserved_concurrency.get("intake", stage.intake_max_concurrency)
    if not SQS_LEAST_CONCURRENCY <= stage.intake_max_concurrency <= reserved:
        raise ConfigError(
            f"{where}.intake_max_concurrency: must be from {SQS_LEAST_CONCURRENCY}, "
            f"the least that SQS takes, to what intake has reserved ({reserved})"
        )
