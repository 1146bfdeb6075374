"""Submitting provider: a provider that takes files, for tests of a submission."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from functions.core.errors import CourierError
from functions.core.rows import RowCount

COUNT = RowCount(rows=3, distinct_rows=2)


class SubmittingProvider:
    """It accepts each file under the reference "7"; its attributes change that.

    `listed` is what its list has, or the error of a search. `calls` are the calls, with
    what they were given.
    """

    def __init__(self) -> None:
        self.invalid: CourierError | None = None
        self.refusal: CourierError | None = None
        self.listed: str | CourierError | None = None
        self.calls: list[tuple[Any, ...]] = []
        #: Called with the file in hand, before anything is sent.
        self.prepared: Callable[[], None] = lambda: None

    def validate(self, *given: Any) -> RowCount:  # noqa: ANN401 - as they come
        """Count the rows."""
        self.calls.append(("validate", *given))
        if self.invalid:
            raise self.invalid
        return COUNT

    @contextmanager
    def prepare_submission(self, *given: Any) -> Iterator[Callable[[], str]]:  # noqa: ANN401 - as they come
        """Return the function that sends."""
        self.prepared()
        yield lambda: self._send(*given)

    def _send(self, *given: Any) -> str:  # noqa: ANN401 - as they come
        self.calls.append(("send", *given))
        if self.refusal:
            raise self.refusal
        return "7"

    def find(self, *given: Any) -> str | None:  # noqa: ANN401 - as they come
        """Search the list."""
        self.calls.append(("find", *given))
        if isinstance(self.listed, CourierError):
            raise self.listed
        return self.listed
