"""The switches of the simulator: what TxnCheck does not say, and what tests vary.

UNKNOWNS names the switches that stand for facts which nobody has seen; an adapter
must work whichever way these stand. Their defaults are guesses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from functions.core.signatures import SignatureScheme


class Counts(Enum):
    """Which calls a rate limit counts."""

    POSTS = "posts"
    ALL = "all"


class Shape(Enum):
    """The two documented shapes of an upi-by-mobile result."""

    OLD = "name, upi, status"
    NEW = "upiByMobile: name, vpas, status"


class SyncAnswer(Enum):
    """What a call with `async: false` answers when the work is done in time."""

    DOCUMENT = "what GET /requests/{id} would say"
    RESULT = "the result alone"


class SyncLate(Enum):
    """What it answers when the work takes longer."""

    ACCEPTED = "202, as if it had been asynchronous"
    GATEWAY_TIMEOUT = "504 with a page; the request goes on"


class End(Enum):
    """How a request can end."""

    COMPLETED = "completed"
    PARTIAL = "partial"  # of a full-check; other calls have no parts, and complete
    BUSINESS_ERROR = "failed for good"
    TEMPORARY = "failed for now"


class Signature(Enum):
    """What signs a webhook, where a secret is set."""

    RIGHT = "the secret"
    WRONG = "another secret"
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many calls within so many seconds."""

    calls: int = 10  # the only number that was ever seen
    seconds: float = 60.0
    counts: Counts = Counts.ALL
    status: int = 429
    retry_after: str | None = None  # the header, as it is to be sent


#: As good a guess as any other: TxnCheck says only that there are signatures.
SCHEME = SignatureScheme(
    signature_header="X-Webhook-Signature",
    timestamp_header="X-Webhook-Timestamp",
    id_header="X-Webhook-Id",
    timestamp_unit="milliseconds",
    signed_template="{ts}.{body}",
    algorithm="sha256",
    encoding="hex",
    prefix="",
    tolerance_seconds=300.0,
)

UNKNOWNS: dict[str, str] = {
    "seconds_queued": "how long a request waits",
    "seconds_processing": "how long the work takes",
    "seconds_unknown": "how long a new request is answered with 404",
    "retention_seconds": "how long a request is known",
    "rate_limit": "how often may be asked, what counts, and the hint to wait",
    "upi_shape": "the shape of an upi-by-mobile result",
    "bank_extras": "what bank-verification returns besides number and IFSC",
    "bank_takes_async": "whether bank-verification takes `async`",
    "bulk_method": "the word for the bulk call in `method`",
    "sync_answer": "what a synchronous call answers",
    "sync_late": "what it answers after 30 seconds",
    "message_lists": "whether the message of an HTTP error is a list",
    "business_class": "the class of an error that is final",
    "temporary_class": "the class of an error that passes",
    "echoes_input": "whether messages repeat what was sent",
    "step_errors_when_failed": "whether a failed full-check has its errors by step",
    "webhook_scheme": "headers, algorithm and what is signed of a webhook",
    "webhook_id_per_attempt": "whether each attempt has a delivery id of its own",
    "webhook_retry_seconds": "how often a webhook is tried again, and when",
    "webhook_retries_are_copies": "whether it is then stamped and signed anew",
    "webhook_for_sync": "whether a synchronous call has a webhook too",
    "webhook_status_without_url": "the webhookStatus where no address is set",
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the simulated provider behaves."""

    # The life cycle, in seconds by the clock
    seconds_queued: float = 2.0
    seconds_processing: float = 8.0
    seconds_unknown: float = 0.0
    retention_seconds: float | None = None
    statuses: tuple[str, ...] = ()  # said instead, one a look; the last one stays
    ends: End | None = None  # None: as `endings` has it

    # The account
    active: bool = True
    address_allowed: bool = True
    methods_allowed: frozenset[str] | None = None  # None: all
    balance: int | None = None  # items that can be paid in all

    # The API
    rate_limit: RateLimit | None = None
    upi_shape: Shape = Shape.NEW
    bank_extras: Mapping[str, str] = field(default_factory=lambda: {"status": "1"})
    bank_takes_async: bool = False
    bulk_method: str = "bulk-vpa-chargeback-check"
    sync_seconds: float = 30.0  # documented
    sync_answer: SyncAnswer = SyncAnswer.DOCUMENT
    sync_late: SyncLate = SyncLate.ACCEPTED
    message_lists: bool = False
    business_class: str = "PROVIDER_BUSINESS_ERROR"
    temporary_class: str = "PROVIDER_TEMPORARY"
    echoes_input: bool = False
    step_errors_when_failed: bool = False

    # Webhooks
    webhook_scheme: SignatureScheme = SCHEME
    webhook_signature: Signature = Signature.RIGHT
    webhook_delay_seconds: float = 0.0  # after the end
    webhook_early: bool = False  # before the answer, if the work takes no seconds
    webhook_duplicates: int = 0  # copies sent straight after each attempt
    webhook_losses: float = 0  # attempts for each request that go astray; inf is all
    webhook_newest_first: bool = False  # of those that are due at once
    webhook_answer_seconds: float = 30.0  # documented
    webhook_retry_seconds: tuple[float, ...] = (60.0, 300.0, 1800.0)
    webhook_retries_are_copies: bool = False
    webhook_id_per_attempt: bool = False
    webhook_for_sync: bool = True
    webhook_status_without_url: str | None = "PENDING"
