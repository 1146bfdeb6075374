"""Config: read the settings of a stage from cdk.json.

The entries of a stage override those of `every_stage`. Each setting is described at its
dataclass: `Stage` here, and for the providers `functions.core.provider_settings`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from functions.core.function_table import FUNCTIONS
from functions.core.notice_receivers import (
    NoticeReceiver,
    parse_receivers,
    validate_receiver,
)
from functions.core.provider_settings import ProviderSettings, parse_providers
from functions.core.settings_parser import ConfigError, parse

CDK_JSON = Path(__file__).parents[1] / "cdk.json"
LOCAL = "local"
#: A value of the context: "true" leaves the tables unprotected, so that a deployment
#: that fails can be rolled back. `make deploy` sets it where there is no stack yet.
FIRST_DEPLOYMENT = "first_deployment"

SQS_LEAST_CONCURRENCY = 2
#: The current names of functions in reserved_concurrency, by those of earlier releases.
_RENAMED_FUNCTIONS = {"reflect": "finalize_execution"}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The settings of one deployment.

    * debug_sample_rate: the share of the functions' environments that log at DEBUG
      whatever the level, from 0 to 1.
    * otel_layer_arn: a layer with OpenTelemetry for Python on arm64, in the same
      region; empty for X-Ray's own tracing, which needs none.
    * state_machine_log: which events of executions the state machine logs. With `ALL`
      each state is logged, without data, which `make budget` prices; with `ERROR` only
      what fails is.
    * runbook_url: where docs/operations.md can be read; alarms then link to its
      sections, besides saying what to do.
    * reserved_concurrency: a number for each function in prod; none in dev and local,
      because a new account may run as few as ten functions at once, and AWS refuses
      a reservation that leaves too few for other functions.
    * api_requests_per_second, api_burst: for all callers together, so that a flood of
      requests does not cause costs.
    * api_snap_start: whether environments of the API's function start from a snapshot,
      which is charged by the month and by the start; `make budget` has the prices.
    * web_acl_arn: a regional web ACL of AWS WAF for the API; empty for none, because
      every route requires a signature and a web ACL is charged by the month.
    * batch_max_concurrency: how many requests of a batch run at once.
    * spreadsheet_safe: whether lists get a third joined file, in whose cells no
      spreadsheet finds a formula.
    * notice_receivers: who gets notices by HTTP, by name; without any, nothing of it is
      deployed.
    * show_file_names: whether the names of uploaded files are kept and shown.
    """

    name: str
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    debug_sample_rate: float
    otel_layer_arn: str
    runbook_url: str = ""
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
    api_snap_start: bool = False
    state_machine_log: Literal["ALL", "ERROR", "FATAL", "OFF"] = "ALL"
    show_file_names: bool = True
    spreadsheet_safe: bool = False
    notice_receivers: Mapping[str, NoticeReceiver] = field(
        default_factory=dict, metadata={"parse": parse_receivers}
    )
    providers: Mapping[str, ProviderSettings] = field(
        metadata={"parse": parse_providers}
    )

    @property
    def longest_deadline_seconds(self) -> float:
        """The longest deadline of all providers."""
        return max(p.poll.deadline_seconds for p in self.providers.values())

    @property
    def longest_approval_days(self) -> int:
        """The most days for which a job of any provider waits for approval."""
        return max(p.approve_days for p in self.providers.values())

    @property
    def longest_sending_seconds(self) -> float:
        """The longest time that the requests of a batch take at a provider's rate."""
        return max(
            p.sending_seconds(p.max_batch_requests) for p in self.providers.values()
        )


#: Lambda keeps this many concurrent executions of an account unreserved.
UNRESERVED_CONCURRENCY = 100


def needed_concurrency(stage: Stage) -> int:
    """Return the concurrent executions that the account's quota must allow, at least.

    0 where the stage reserves nothing: AWS then accepts any quota.
    """
    reserved = sum(stage.reserved_concurrency.values())
    return reserved + UNRESERVED_CONCURRENCY if reserved else 0


def quota_sentence(stage: Stage) -> str:
    """Return what a stage needs of the account's quota; empty where any will do."""
    needed = needed_concurrency(stage)
    if not needed:
        return ""
    return (
        f"The stage {stage.name} reserves {needed - UNRESERVED_CONCURRENCY} concurrent "
        f"executions of Lambda: the account's quota must be {needed} or more."
    )


def context(path: Path = CDK_JSON) -> dict[str, Any]:
    """Return the CDK context, for a synth without the CDK's own command."""
    return dict(json.loads(path.read_text())["context"])


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack.

    It is here because whatever imports `infra.app` starts the CDK's Node.js process.
    """
    return f"VerdictCourier-{stage}"


def stage(name: str, settings: Mapping[str, Any]) -> Stage:
    """Read the stage called `name` from `settings`, the context entry `courier`.

    Raises:
        ConfigError: There is no such stage, or a setting is missing or wrong.
    """
    stages = settings["stages"]
    if name not in stages:
        raise ConfigError(f"no stage {name!r}; cdk.json has {', '.join(stages)}")

    raw = _merged(settings["every_stage"], stages[name])
    raw["reserved_concurrency"] = {
        _RENAMED_FUNCTIONS.get(function, function): number
        for function, number in raw["reserved_concurrency"].items()
    }
    parsed = parse(Stage, {**raw, "name": name}, where=f"courier.stages.{name}")
    _validate(parsed)
    return parsed


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**shared, **own}
    for name in shared.keys() & own.keys():
        if isinstance(shared[name], dict) and isinstance(own[name], dict):
            merged[name] = _merged(shared[name], own[name])
    return merged


def _validate(stage: Stage) -> None:
    where = f"courier.stages.{stage.name}"
    for name, provider in stage.providers.items():
        _validate_provider(provider, stage=stage, where=f"{where}.providers.{name}")

    for name, receiver in stage.notice_receivers.items():
        validate_receiver(
            name,
            receiver,
            loopback=stage.name == LOCAL,
            where=f"{where}.notice_receivers.{name}",
        )

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


def _validate_provider(provider: ProviderSettings, *, stage: Stage, where: str) -> None:
    if provider.secret or provider.webhook_secret:
        raise ConfigError(f"{where}: the deployment sets secret and webhook_secret")
    if provider.loopback and stage.name != LOCAL:
        raise ConfigError(f"{where}.loopback: only the stage {LOCAL!r} may be true")
    if provider.late_days < 0:
        raise ConfigError(f"{where}.late_days: must be 0 or more")
    if provider.remembered_days < 0:
        raise ConfigError(f"{where}.remember_days: must be 0 or more")
    if urlsplit(provider.base_url).scheme != "https":
        raise ConfigError(f"{where}.base_url: must begin with https://")
    # A repeated submission must not overlap with an attempt that still runs.
    least = FUNCTIONS["submit"].timeout
    if provider.settle_seconds <= least and stage.name != LOCAL:
        raise ConfigError(
            f"{where}.settle_seconds: must be above Submit's {least} s, or a list may "
            "be paid twice"
        )
