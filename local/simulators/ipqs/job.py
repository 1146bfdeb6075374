"""A file that IPQS verifies, with its status by the clock and its results."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local.simulators.content import Content
from local.simulators.ipqs.behaviour import IpqsBehaviour
from local.simulators.ipqs.verification import Verified, count_values
from local.simulators.provider import SimulatedJob, SimulatedProvider

FINISHED = "FINISHED"


@dataclass(kw_only=True, eq=False)
class Csv(SimulatedJob):
    """A file, whose status follows from the current time and switches.

    `work` verifies an upload; a file that a test added has `contents` instead.
    """

    provider: SimulatedProvider[IpqsBehaviour] = field(repr=False)
    id: int
    file_name: str
    type: str
    strictness: int = 0
    upload: Path | None = None
    work: Future[Verified] | None = field(default=None, repr=False)
    contents: Mapping[str, Content] = field(default_factory=dict, repr=False)
    aborted_in: str | None = None  # the status word at that moment
    links: int = 0  # minted
    downloads: int = 0  # links spent

    @property
    def status(self) -> str:
        """The status word, without any scripted one."""
        behaviour = self.provider.behaviour
        if self.aborted_in is not None:
            return behaviour.aborted_status or self.aborted_in
        left = self.provider.now() - self.created_at
        for word, seconds in (
            ("NEW", behaviour.seconds_new),
            ("PROCESSING", behaviour.seconds_processing),
            ("UNIQUE_RESULTS", behaviour.seconds_unique_results),
            ("FINALIZING", behaviour.seconds_finalizing),
        ):
            if left < seconds and self.work is not None:
                return word
            left -= seconds
        return FINISHED

    def poll(self) -> str:
        """Return the status word for a status call, and count the call."""
        word = self.next_word(self.provider.behaviour.statuses)
        return self.status if word is None or self.aborted_in is not None else word

    @property
    def verified(self) -> Verified:
        """The verdicts on the upload; waits until it is verified."""
        return self.work.result() if self.work else Verified(0, 0, {}, {})

    @cached_property
    def charged(self) -> int:
        """The credits that it has cost; equal values of an upload cost one each."""
        return count_values(self.type, self.upload) if self.upload else 0

    @property
    def results(self) -> dict[str, int]:
        """The number of records of each result, 1 for a result that a test added."""
        return dict.fromkeys(self.contents, 1) or dict(self.verified.counts)

    def content(self, kind: str) -> Content:
        """Return one of the results."""
        return self.contents.get(kind) or Content.file(self.verified.files[kind])
