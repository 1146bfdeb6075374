"""The files that the provider holds, and the work on them."""

import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from local.simulators.content import BLOCK, Content
from local.simulators.ipqs.behaviour import COLUMNS, Behaviour
from local.simulators.ipqs.job import Held
from local.simulators.ipqs.verification import KINDS, verify


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
