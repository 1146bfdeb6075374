"""One file that the provider holds: how it stands, and what tests may see of it."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from local.simulators.content import Content
from local.simulators.ipqs import life
from local.simulators.ipqs.behaviour import Behaviour
from local.simulators.ipqs.verification import Verified


@dataclass(frozen=True, slots=True)
class Csv:
    """What the provider knows of one file, as tests may look at it."""

    id: int
    file_name: str
    type: str
    status: str
    aborted: bool | None
    strictness: int
    rows: int  # records, without the header
    invalid_records: int
    bytes: int
    results: dict[str, int]  # records in each file
    uploaded_by: str  # multipart, json, url, or "test" for add_finished
    looks: int  # answered status calls
    links: int  # links handed out
    downloads: int  # links spent


@dataclass(slots=True)
class Held:
    """One file in work: what changes, and where its results come from."""

    id: int
    file_name: str
    type: str
    strictness: int
    uploaded_at: float
    uploaded_by: str
    lines: int
    bytes: int
    work: Future[Verified] | None
    contents: Mapping[str, Content] | None = None  # in place of verified results
    aborted_in: str | None = None  # the status word at that moment
    script: tuple[str, ...] = ()
    said: int = 0  # words of the script
    looks: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def status(self, now: float, behaviour: Behaviour) -> str:
        """The word at this moment, without any scripted one."""
        if self.aborted_in is not None:
            return behaviour.aborted_status or self.aborted_in
        if self.contents is not None:
            return life.FINISHED
        return life.status_at(now - self.uploaded_at, self.lines, behaviour)

    def look(self, now: float, behaviour: Behaviour) -> str:
        """The word that a status call gets; it uses up one scripted word."""
        with self.lock:
            self.looks += 1
            if self.aborted_in is not None or not behaviour.statuses:
                return self.status(now, behaviour)
            if self.script is not behaviour.statuses:
                self.script, self.said = behaviour.statuses, 0
            word = self.script[min(self.said, len(self.script) - 1)]
            self.said += 1
            return word

    def aborted(self, status: str) -> bool | None:
        """Null while it is in work, as far as the examples show."""
        if self.aborted_in is not None:
            return True
        return False if status == life.FINISHED else None

    def verified(self) -> Verified | None:
        """The finished work, waited for; None for a file that a test has put here."""
        return None if self.work is None else self.work.result()

    def result(self, kind: str) -> tuple[Content, int] | None:
        """A result with its number of records, unknown ones counted as one."""
        if self.contents is not None:
            content = self.contents.get(kind)
            return None if content is None else (content, 1)
        verified = self.verified()
        if verified is None:
            return None
        return Content.file(verified.files[kind]), verified.counts[kind]

    def record(
        self, now: float, behaviour: Behaviour, *, links: int, downloads: int
    ) -> Csv:
        """What a test may see."""
        verified = self.verified()
        status = self.status(now, behaviour)
        return Csv(
            id=self.id,
            file_name=self.file_name,
            type=self.type,
            status=status,
            aborted=self.aborted(status),
            strictness=self.strictness,
            rows=verified.rows if verified else 0,
            invalid_records=verified.invalid if verified else 0,
            bytes=self.bytes,
            results=dict(verified.counts) if verified else {},
            uploaded_by=self.uploaded_by,
            looks=self.looks,
            links=links,
            downloads=downloads,
        )
