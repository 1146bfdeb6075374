"""Protocol: define the contract between the steps and a provider's adapter."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from functions.core.body import Body
from functions.core.file_formats import FileFormat
from functions.core.model import StatusReport
from functions.core.rows import RowCount
from functions.core.source import RecordKeeper, Source


@dataclass(frozen=True)
class Link:
    """Where a result can be fetched; often a secret, so its repr leaves it out."""

    url: str = field(repr=False)
    issued_at: float  # Unix seconds, before the provider was asked for it


class Provider(Protocol):
    """A service that takes a file, works on it, and lets us fetch results later.

    An adapter translates both ways: status words become a `Phase`, HTTP failures
    become errors of `functions.core.errors`, raised `from None` and with texts that
    hold no key, no link, no personal data and no words of the provider. It keeps
    nothing between calls: what finds a job again is in the reference that `submit`
    returns. It never repeats a call, except once with a key that it read anew (and
    once with a new signature).

    Every method but `validate` and `result_format` may raise, besides what it lists:
        ProviderThrottled, ProviderUnavailable, AnswerUnreadable, AnswerLost: The
            call failed and may be repeated later; `hint` is the wait in seconds
            that the provider asks for.
        CredentialsMissing, CredentialsRejected, AccountRefused, OutOfCredits,
            ProviderRejected: The provider refused the call.
    """

    @property
    def result_format(self) -> FileFormat:
        """The format of the results."""
        ...

    def validate(self, name: str, type_: str, source: Source) -> RowCount:
        """Check a file without calling the provider, and return how many rows it has.

        `name` is the uploader's file name or object key.

        Raises:
            SourceMisnamed, SourceNotText, SourceEmpty, SourceTooLarge, SourceMissing,
                RequestInvalid: The file is not worth paying for.
        """
        ...

    def prepare_submission(
        self, name: str, type_: str, source: Source
    ) -> AbstractContextManager[Callable[[], str]]:
        """Read all that a submission needs; return the function that sends it.

        The function is called once at most. It sends the file under our name for it
        and returns the provider's reference. Until then nothing is sent, and besides
        the sending itself nothing is left that could fail.

        Raises:
            AnswerLost: The file may have been accepted; only the function raises it.
                After every other error the file certainly was not accepted.
        """
        ...

    def find(self, name: str, type_: str) -> str | None:
        """Return the reference of the file that was sent under a name, if listed.

        None means that the provider's whole list lacks it, and the list may lag.

        Raises:
            SubmitOutcomeUnknown: There is no list, or it is too long to be searched.
        """
        ...

    def check(self, provider_ref: str, *, name: str = "") -> StatusReport:
        """Ask for the status once.

        `name` is our name for the file; it is empty if another client sent it.

        Raises:
            AnswerMismatch: The answer is about another job.
            ProviderLostJob: The provider does not know the reference, or it is
                malformed; then no call is made.
        """
        ...

    def result_links(self, provider_ref: str, *, name: str = "") -> Mapping[str, Link]:
        """Return fresh links by kind of result; a kind without result is left out.

        There are none unless the job is finished. `name` is as in `check`.

        Raises:
            AnswerMismatch, ProviderLostJob: As in `check`.
        """
        ...

    def open(self, link: Link, *, type_: str, seconds: float) -> Body:
        """Open a link, once; the body must be read within `seconds`.

        What the body's first bytes do not show to be a result of the type is refused,
        here or by the body's first `readinto`.

        Raises:
            LinkRefused: The link does not lead to the provider; nothing is sent.
            LinkSpent: The link was used or has expired, or there is no result.
            ResultTooLarge: The result is larger than the settings allow.
            TransferImpossible, TransferTooSlow: It is larger than what can arrive,
                at all or within `seconds`.
            ResultNotATable: The link led to something that is not shown to be a result.
            TransferIncomplete: The end of the body could not be recognized.
        """
        ...


class CreditProvider(Provider, Protocol):
    """A provider that says how many credits its account has left."""

    def credits_left(self) -> int | None:
        """Return how many credits are left; None where the answer does not say.

        It costs no credit, and takes seconds at most.
        """
        ...


@dataclass(frozen=True)
class WebhookEvent:
    """What is read from a provider's webhook: the job's reference and the event."""

    reference: str
    event: str


@dataclass(frozen=True)
class BatchRequest:
    """A request made from rows of a batch; its body is personal data."""

    type: str  # of the request, which need not be the batch's
    body: bytes = field(repr=False)
    rows: tuple[int, ...]  # their numbers in the batch, from 1, in order
    #: Of each row that is equal to an earlier one, that row's number.
    duplicates: Mapping[int, int] = field(default_factory=dict)
    values: int = 1  # that the provider counts, and charges for


@dataclass(frozen=True)
class InvalidRow:
    """A row that is not worth sending: its invalid fields, without their values."""

    row: int
    fields: tuple[str, ...]
    reason: str
    line: int = 0  # of the file, in which the row begins


class BatchProvider(Provider, Protocol):
    """A provider that takes single requests, of which a batch file makes many."""

    def pack(
        self,
        type_: str,
        name: str,
        source: Source,
        *,
        by_record: bool = True,
        keeper: RecordKeeper | None = None,
    ) -> Iterator[BatchRequest | InvalidRow]:
        """Yield requests for the rows of a file; each row is in exactly one item.

        `name` is the uploader's file name or object key. A row's number is that of its
        record, blank ones counted, and equal rows share a request; if not `by_record`,
        as in 0.1.0, blank records have no number and no rows are equal. Requests come
        in the order of their first rows. A `keeper` is given every record.

        Raises:
            SourceMisnamed, SourceNotText, SourceEmpty: The file has no readable rows.
            RequestInvalid: The type is unknown, or a required column is missing.
        """
        ...

    def unpack(
        self, type_: str, body: bytes, result: bytes
    ) -> tuple[Mapping[str, Any], ...]:
        """Split a request's result by row, in the order of its rows.

        A result that is that of each row is returned once.
        `type_` and `body` are those of the `BatchRequest`.

        Raises:
            AnswerUnreadable: The result does not fit the request.
        """
        ...
