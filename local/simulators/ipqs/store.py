"""The files that the provider holds, and the work on them."""

import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from local.simulators.content import BLOCK, Content
from local.simulators.ipqs import life
from local.simulators.ipqs.behaviour import COLUMNS, Behaviour
from local.simulators.ipqs.verification import KINDS, Verified, verify


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


class Store:
    """All files, newest last, on a disk of their own."""

    def __init__(self, first_id: int) -> None:
        self._disk = tempfile.TemporaryDirectory(prefix="ipqs-simulator-")
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="ipqs-verification")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._next_id = first_id
        self._files = 0
        self._held: dict[int, Held] = {}

    def new_path(self) -> Path:
        """Where to put another file."""
        with self._lock:
            self._files += 1
            return Path(self._disk.name) / f"upload-{self._files}"

    def take_in(
        self,
        upload: Path,
        *,
        file_name: str | None,
        type_: str,
        strictness: int,
        uploaded_by: str,
        now: float,
        behaviour: Behaviour,
    ) -> Held:
        """Accept an upload: it is paid, and verified in the background."""
        date = datetime.fromtimestamp(now, UTC)
        with self._lock:
            id_, self._next_id = self._next_id, self._next_id + 1
        folder = Path(self._disk.name) / str(id_)
        folder.mkdir()
        held = Held(
            id=id_,
            file_name=file_name or f"{type_}_{date:%Y-%m-%d %H:%M:%S}",
            type=type_,
            strictness=strictness,
            uploaded_at=now,
            uploaded_by=uploaded_by,
            lines=count_lines(upload),
            bytes=upload.stat().st_size,
            work=self._worker.submit(
                verify,
                type_,
                upload,
                folder,
                columns=behaviour.columns or COLUMNS[type_],
                date=f"{date:%Y-%m-%d}",
                removes_duplicates=behaviour.removes_duplicates,
                cancelled=self._closing.is_set,
            ),
        )
        with self._lock:
            self._held[id_] = held
        return held

    def put(
        self, type_: str, contents: Mapping[str, Content], file_name: str, now: float
    ) -> Held:
        """A finished file that nobody uploaded."""
        if unknown := set(contents) - set(KINDS):
            raise ValueError(f"no such kinds of result: {sorted(unknown)}")
        with self._lock:
            id_, self._next_id = self._next_id, self._next_id + 1
            self._held[id_] = held = Held(
                id=id_,
                file_name=file_name,
                type=type_,
                strictness=0,
                uploaded_at=now,
                uploaded_by="test",
                lines=0,
                bytes=0,
                work=None,
                contents=contents,
            )
        return held

    def find(self, id_: int, now: float, behaviour: Behaviour) -> Held | None:
        """A file that is still known."""
        return next((held for held in self.all(now, behaviour) if held.id == id_), None)

    def all(self, now: float, behaviour: Behaviour) -> list[Held]:
        """Every file that is still known, oldest first."""
        with self._lock:
            everything = list(self._held.values())
        kept = behaviour.retention_seconds
        return [h for h in everything if kept is None or now - h.uploaded_at < kept]

    def hurry(self) -> None:
        """Let the work end at once, so that nobody waits for it any longer."""
        self._closing.set()

    def close(self) -> None:
        """End the work and free the disk."""
        self.hurry()
        self._worker.shutdown()
        self._disk.cleanup()


def count_lines(path: Path) -> int:
    """Line ends, which is near enough to price a file and to time its work."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
