"""Provider settings: declare and parse the settings of each provider.

`infra.config` reads cdk.json by `parse_providers`, and so do the functions with their
environment. To add a setting, add it to cdk.json and to a class here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal

from functions.core.rate_limit import RateLimit
from functions.core.schedule import Policy
from functions.core.settings_parser import ConfigError, parse
from functions.core.signatures import SignatureScheme

#: How to treat the `name` in requests of TxnCheck's `upi-by-mobile`.
NameUse = Literal["optional", "required", "unsent"]

#: The current names of settings, by those of earlier releases.
_RENAMED = {"endings": "extensions"}


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """The settings that every provider has; sizes are bytes, times are seconds.

    * types: the types of verification. extensions: those of the files to upload, the
      default first. batches: the extensions of files with one request a row.
    * max_batch_requests bounds the memory that Gather takes, and with rate the time
      that a batch takes: at that rate its files must not have expired at its end.
      max_source_bytes bounds what is uploaded to us, max_upload_bytes what we send, and
      max_result_bytes what we fetch: our own limits, since providers publish none.
    * settle_seconds: how long it is searched for a submission whose answer was lost,
      before a person has to decide.
    * late_days: for how long the sweep looks whether a job that timed out has finished
      after all; 0 for not at all.
    * data_retention_days: how long files and results are kept; null for the retention
      of the buckets.
    * loopback allows plain http, and addresses of this machine only: the local stack
      reaches its simulators so. Only the stage `local` may set it.
    * approve_above: a job that would send more values (a batch: requests, or VPAs)
      waits until a person approves it, for approve_days at most; null for no limit.
    * daily_values: so does a job that would send more than what is left of so many
      values (counted so) that all jobs of a day (in UTC) may send; null for no limit.
    * credits_per_value: how many credits a quote estimates for a value.
    * approve_beyond_credits: whether a job that needs more credits than are left waits
      so, too; without effect where the provider does not say (`tells_credits`).
    * rate limits submissions; null for no limit. webhook is the scheme by which
      webhooks are signed; null refuses all webhooks.
    * secret and webhook_secret are ARNs of secrets. The deployment adds them; cdk.json
      has neither.
    """

    #: Whether the provider can send webhooks.
    sends_webhooks: ClassVar[bool] = False
    #: Whether it lists what was submitted, by our name for it.
    has_list: ClassVar[bool] = False
    #: Whether it says how many credits are left.
    tells_credits: ClassVar[bool] = False
    #: Whether results are downloaded from hosts of its own (`download_hosts`).
    has_download_hosts: ClassVar[bool] = False
    #: The kinds of results of a list, in the order in which a record is looked for.
    list_kinds: ClassVar[tuple[str, ...]] = ()

    base_url: str
    types: tuple[str, ...]
    extensions: tuple[str, ...]
    batches: tuple[str, ...]
    max_batch_requests: int
    max_source_bytes: int
    max_upload_bytes: int
    max_result_bytes: int
    settle_seconds: int
    late_days: int
    data_retention_days: int | None
    loopback: bool
    poll: Policy
    rate: RateLimit | None
    webhook: SignatureScheme | None
    approve_above: int | None = None
    approve_days: int = 3
    daily_values: int | None = None
    credits_per_value: float = 1.0
    approve_beyond_credits: bool = True
    secret: str = ""
    webhook_secret: str = ""

    @property
    def policy(self) -> Policy:
        """The poll policy, with webhooks if their scheme is set."""
        return replace(self.poll, uses_webhook=self.webhook is not None)

    def sending_seconds(self, requests: int) -> float:
        """Return the seconds in which the rate lets so many requests pass."""
        return requests * self.rate.interval if self.rate else 0.0

    @property
    def resubmits_unlisted(self) -> bool:
        """Whether a submission that is not listed in time is sent a second time."""
        return False

    @property
    def max_list_records(self) -> int:
        """The most records of a list; 0 where the provider takes requests, no lists."""
        return 0

    @property
    def max_list_rows(self) -> int | None:
        """The most values in one upload of a list; None for no such bound."""
        return None

    @property
    def reads_windows_1252(self) -> bool | None:
        """Whether a list that is not UTF-8 may be in Windows-1252; None: no setting."""
        return None

    @property
    def remembered_days(self) -> int:
        """For how many days a verdict stands in for a new one; 0 for not at all."""
        return 0

    @property
    def sends_unfit(self) -> bool:
        """Whether values of a list are sent that do not fit its type."""
        return False


@dataclass(frozen=True, kw_only=True)
class KeyPlaces:
    """Where each call of IPQS carries the API key.

    `path` is documented for all three; `field` (a form field) only for the upload;
    `header` (IPQS-KEY) is known to work for the list, unknown for the status.
    """

    upload: Literal["field", "path", "header"]
    status: Literal["path", "header"]
    list: Literal["path", "header"]


@dataclass(frozen=True, kw_only=True)
class IpqsSettings(ProviderSettings):
    """The settings of IPQualityScore (IPQS) that it does not document, or may change.

    A list with more than `max_upload_rows` values, or more than `max_upload_bytes`, is
    sent in several uploads. `max_source_records` bounds the time and the memory that
    Prepare takes for a list.
    With `windows_1252`, a list that is not UTF-8 is read in that encoding.
    `remember_days`: values that were verified so lately are not sent again; 0 for none.
    `send_unfit`: values that do not fit the type are sent, too, unless the uploader
    says otherwise.
    `value_columns` are the names, in lower-case letters without anything between them,
    of which one proves that a table without any value of its type is a result.
    `keeps_file_names` is whether a status has the file name exactly as it was sent;
    another name is then that of another job.
    `list_pages` bounds the search for a submission whose answer was lost. How late its
    list is, IPQS does not say: with `resubmit_unlisted`, a submission that it lacks
    after `settle_seconds` is sent again, and paid twice if the list was later still.
    """

    has_list: ClassVar[bool] = True
    tells_credits: ClassVar[bool] = True
    has_download_hosts: ClassVar[bool] = True
    list_kinds: ClassVar[tuple[str, ...]] = ("pristine", "clean", "bad", "all")  # [V]

    download_hosts: tuple[str, ...]
    key_place: KeyPlaces
    max_source_records: int
    list_pages: int
    value_columns: tuple[str, ...]
    keeps_file_names: bool
    windows_1252: bool
    max_upload_rows: int | None = None
    resubmit_unlisted: bool = False
    remember_days: int = 0
    send_unfit: bool = False

    @property
    def resubmits_unlisted(self) -> bool:
        """Whether a submission that is not listed in time is sent a second time."""
        return self.resubmit_unlisted

    @property
    def max_list_records(self) -> int:
        """The most records of a list, blank ones and the like included."""
        return self.max_source_records

    @property
    def max_list_rows(self) -> int | None:
        """The most values in one upload of a list; None for no such bound."""
        return self.max_upload_rows

    @property
    def reads_windows_1252(self) -> bool:
        """Whether a list that is not UTF-8 may be in Windows-1252."""
        return self.windows_1252

    @property
    def remembered_days(self) -> int:
        """For how many days a verdict stands in for a new one; 0 for not at all."""
        return self.remember_days

    @property
    def sends_unfit(self) -> bool:
        """Whether values of a list are sent that do not fit its type."""
        return self.send_unfit


@dataclass(frozen=True, kw_only=True)
class TxncheckSettings(ProviderSettings):
    """The settings of TxnCheck that it does not document, or may change.

    `base_url` includes the path before every call, which is signed as well. `signing`
    is whether the account requires signed requests, `bank_async` whether `async` is
    sent to the bank verification.
    """

    sends_webhooks: ClassVar[bool] = True

    signing: bool
    upi_name: NameUse
    bank_async: bool


#: The settings class of each provider; a new provider is a line here.
PROVIDERS: Mapping[str, type[ProviderSettings]] = {
    "ipqs": IpqsSettings,
    "txncheck": TxncheckSettings,
}
#: The providers that take lists of values; others take requests.
LIST_PROVIDERS = tuple(name for name, each in PROVIDERS.items() if each.list_kinds)


def parse_providers(raw: Any, *, where: str) -> dict[str, ProviderSettings]:  # noqa: ANN401 - any JSON
    """Return the settings of all providers in a JSON object, by provider.

    Raises:
        ConfigError: A provider or a setting is unknown, missing or of the wrong type.
    """
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: must be an object")
    if unknown := sorted(raw.keys() - PROVIDERS.keys()):
        raise ConfigError(f"{where}: no provider {unknown[0]!r}")
    return {
        name: parse(PROVIDERS[name], _with_new_names(settings), where=f"{where}.{name}")
        for name, settings in raw.items()
    }


def to_json(settings: ProviderSettings) -> dict[str, Any]:
    """Return settings as the JSON object that `parse_providers` reads."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return {name: plain(member) for name, member in value.items()}
        return list(value) if isinstance(value, tuple) else value

    document: dict[str, Any] = plain(asdict(settings))
    return document


def _with_new_names(settings: Any) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(settings, dict):
        return settings
    return {_RENAMED.get(name, name): value for name, value in settings.items()}
