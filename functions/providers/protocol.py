"""Protocol: what every provider's adapter offers to the steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from functions.core.model import Look


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


@dataclass(frozen=True)
class Link:
    """A one-time download URL: a secret, which its text form does not show."""

    url: str = field(repr=False)
    minted_at: float


class Body(Protocol):
    """A result on its way: read to the end, then ask whether it was the end."""

    @property
    def announced(self) -> int | None:
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
    """A service that verifies in bulk and lets us fetch the result later.

    Adapters translate both ways: status words become a `Phase`, HTTP failures
    become the errors of `functions.core.errors`. They keep nothing between
    calls: what finds a job again fits into the reference that `submit` returns.
    """

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

    def check(self, provider_ref: str) -> Look:
        """Ask once how the job is doing."""
        ...

    def results(self, provider_ref: str) -> Mapping[str, Link]:
        """Ask for fresh links, by kind; a kind without a result is left out."""
        ...

    def open(self, link: Link, *, seconds: float) -> Body:
        """Open a link, which spends it; reading must end within some seconds."""
        ...
