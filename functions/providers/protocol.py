"""Protocol: what every provider's adapter offers to the steps."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from functions.core.file_formats import FileFormat
from functions.core.model import StatusReport

_PIECE = 256 * 1024


class Reader(Protocol):
    """A file being read."""

    def read(self, size: int, /) -> bytes:
        """Give the next bytes, at most `size`; empty at the end."""
        ...

    def close(self) -> None:
        """Let go of it; reading is over."""
        ...


class Source(Protocol):
    """A file to be verified; it can be opened more than once."""

    @property
    def size(self) -> int:
        """The file's bytes."""
        ...

    def open(self) -> Reader:
        """Start reading at the beginning."""
        ...


def read_chunks(source: Source) -> Iterator[bytes]:
    """Read a file to its end, piece by piece."""
    with closing(source.open()) as reading:
        while piece := reading.read(_PIECE):
            yield piece


@dataclass(frozen=True)
class Link:
    """Where a result is: often a secret, so its text form does not show it."""

    url: str = field(repr=False)
    issued_at: float


class Body(Protocol):
    """A result on its way: read to the end, then ask whether it was the end."""

    @property
    def announced_bytes(self) -> int | None:
        """The bytes that were announced, if they were."""
        ...

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer as far as there is something; 0 is the end.

        Raises:
            TransferIncomplete: It ended before its end.
            TransferTooSlow: The time was up.
            ResultTooLarge: It unpacks to more than may be.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; reading is over."""
        ...


class Provider(Protocol):
    """A service that takes its time to verify, and lets us fetch the result later.

    Adapters translate both ways: status words become a `Phase`, HTTP failures
    become the errors of `functions.core.errors`. They keep nothing between
    calls: what finds a job again fits into the reference that `submit` returns.
    """

    @property
    def result_format(self) -> FileFormat:
        """In what form its results come."""
        ...

    def validate(self, name: str, type_: str, source: Source) -> int:
        """Count the rows of a file, before anything is paid; `name` is its own.

        Raises:
            SourceMisnamed, SourceNotText, SourceEmpty, RequestInvalid: It is not
                worth sending.
        """
        ...

    def submit(self, name: str, type_: str, source: Source) -> str:
        """Hand a file over under a name of ours; give the provider's reference.

        Raises:
            AnswerLost: It may have been accepted. Every other error of
                `functions.core.errors` means that it surely was not.
        """
        ...

    def find(self, name: str, type_: str) -> str | None:
        """Give the reference of what was handed over under a name, if it was.

        Raises:
            SubmitOutcomeUnknown: The provider has no way to tell.
        """
        ...

    def check(self, provider_ref: str) -> StatusReport:
        """Ask once how the job is doing."""
        ...

    def results(self, provider_ref: str) -> Mapping[str, Link]:
        """Ask for fresh links, by kind; a kind without a result is left out."""
        ...

    def open(self, link: Link, *, seconds: float) -> Body:
        """Open a link, which spends it; reading must end within some seconds."""
        ...


@dataclass(frozen=True)
class WebhookEvent:
    """What is kept of a provider's call: of what it speaks, and what it says of it."""

    reference: str
    event: str


@dataclass(frozen=True)
class BatchRequest:
    """One request, made of rows of a batch; its body is personal data."""

    type: str  # of the request, which need not be the batch's
    body: bytes = field(repr=False)
    rows: tuple[int, ...]  # their numbers in the batch, from 1


@dataclass(frozen=True)
class InvalidRow:
    """A row that is not worth sending: the fields at fault, not what is in them."""

    row: int
    fields: tuple[str, ...]
    reason: str


class BatchProvider(Provider, Protocol):
    """A provider that takes requests one by one, of which a batch has many."""

    def pack(
        self, type_: str, name: str, source: Source
    ) -> Iterator[BatchRequest | InvalidRow]:
        """Make requests of the rows of a file, in its order.

        Raises:
            SourceMisnamed, SourceNotText, SourceEmpty: There are no rows to be read.
            RequestInvalid: The file lacks a column that every row needs.
        """
        ...

    def unpack(
        self, type_: str, body: bytes, result: bytes
    ) -> tuple[Mapping[str, Any], ...]:
        """Give each row's own part of a request's result, in the rows' order.

        Raises:
            AnswerUnreadable: The result is not one of such a request.
        """
        ...
