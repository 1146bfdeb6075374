"""One file that IPQS verifies: its status by the clock, and its results."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from local.simulators.content import Content
from local.simulators.ipqs.behaviour import IpqsBehaviour
from local.simulators.ipqs.verification import KINDS, Verified
from local.simulators.provider import SimulatedProvider, StatusWords

FINISHED = "FINISHED"
#: The words after which every record is counted.
_COUNTED = {"UNIQUE_RESULTS", "FINALIZING", FINISHED}


@dataclass(slots=True, kw_only=True, eq=False)
class Csv:
    """One file, by the provider's clock and switches of this moment.

    `work` verifies an upload; a file that a test has put here has `contents`.
    """

    provider: SimulatedProvider[IpqsBehaviour] = field(repr=False)
    id: int
    file_name: str
    type: str
    uploaded_at: float
    upload: Path | None = None
    lines: int = 0
    work: Future[Verified] | None = field(default=None, repr=False)
    contents: Mapping[str, Content] = field(default_factory=dict, repr=False)
    aborted_in: str | None = None  # the status word at that moment
    links: int = 0  # minted
    downloads: int = 0  # links spent
    words: StatusWords = field(default_factory=StatusWords, repr=False)

    @property
    def status(self) -> str:
        """The status word, without any scripted one."""
        behaviour = self.provider.behaviour
        if self.aborted_in is not None:
            return behaviour.aborted_status or self.aborted_in
        if self.upload is None:
            return FINISHED
        age = self.provider.now() - self.uploaded_at
        growth = behaviour.seconds_per_1000_rows * self.lines / 1000
        for word, seconds in (
            ("NEW", behaviour.seconds_new),
            ("PROCESSING", behaviour.seconds_processing + growth),
            ("UNIQUE_RESULTS", behaviour.seconds_unique_results),
            ("FINALIZING", behaviour.seconds_finalizing),
        ):
            if age < seconds:
                return word
            age -= seconds
        return FINISHED

    def poll(self) -> str:
        """Return the status word for a status call, and count the call."""
        word = self.words.next(self.provider.behaviour.statuses)
        return self.status if word is None or self.aborted_in is not None else word

    @property
    def polls(self) -> int:
        """How many status calls were answered."""
        return self.words.polls

    def shown_invalid(self, status: str) -> int:
        """Return the field `invalid_records`, 0 before the records are counted."""
        counted = status in _COUNTED or self.aborted_in is not None
        return self.verified.invalid if counted else 0

    @property
    def verified(self) -> Verified:
        """What came of the upload, as soon as it is verified."""
        nothing = Verified(rows=0, invalid=0, counts={}, files={})
        return nothing if self.work is None else self.work.result()

    @property
    def results(self) -> dict[str, int]:
        """The records in each file, 1 in one that a test has put here."""
        here = {kind: 1 for kind in KINDS if kind in self.contents}
        return here or dict(self.verified.counts)

    def content(self, kind: str) -> Content:
        """Return one of the results."""
        here = self.contents.get(kind)
        return here or Content.file(self.verified.files[kind])
