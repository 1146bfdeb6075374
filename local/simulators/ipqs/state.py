"""The files and links of the simulated IPQS, which both hosts use."""

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.simulators.content import Content
from local.simulators.ipqs.behaviour import IpqsBehaviour, Spent
from local.simulators.ipqs.job import FINISHED, Csv
from local.simulators.ipqs.verification import COLUMNS, KINDS, verify
from local.simulators.provider import SimulatedProvider

_FIRST_ID = 3_000_001
_LINK_SECONDS = 15 * 60.0  # [V]


@dataclass(slots=True, eq=False)
class DownloadLink:
    """A link to a result of a file."""

    csv: Csv
    kind: str
    minted_at: float
    spent: bool = False
    killed: bool = False  # by newer links


class IpqsState(SimulatedProvider[IpqsBehaviour]):
    """All uploaded files, which are in a temporary folder, and all links."""

    calls = frozenset({"upload", "status", "list", "account", "download"})
    key_header = "ipqs-key"
    behaviour_type = IpqsBehaviour
    _disk: Path
    _worker: ThreadPoolExecutor

    @contextmanager
    def working(self) -> Iterator[None]:
        """Verify uploads until the block ends, then remove them."""
        self._paths = itertools.count()
        with (
            tempfile.TemporaryDirectory(prefix="ipqs-simulator-") as disk,
            ThreadPoolExecutor(1, "ipqs-verification") as self._worker,
        ):
            self._disk = Path(disk)
            yield

    def reset(self) -> None:
        """Forget everything but the time, the files and their links included."""
        super().reset()
        self.links: dict[str, DownloadLink] = {}  # by their token
        self._csvs: list[Csv] = []  # oldest first
        self._ids = itertools.count(_FIRST_ID)

    @property
    def download_host(self) -> str:
        """The host and port of the links."""
        return self.addresses["Downloads"].partition("://")[2]

    @property
    def csvs(self) -> list[Csv]:
        """Every file that the provider still knows, oldest first."""
        return [csv for csv in self._csvs.copy() if csv.is_retained(self)]

    @property
    def charged(self) -> int:
        """See `SimulatedProvider.charged`."""
        return sum(csv.charged for csv in self._csvs.copy())

    def charged_by_type(self, *, until: float) -> Counter[str]:
        """Return what uploads until a time have cost, by the type of verification."""
        used = Counter[str]()
        for csv in self._csvs.copy():
            if csv.created_at <= until:
                used[csv.type] += csv.charged
        return used

    def csv(self, csv_id: str) -> Csv | None:
        """Return a file that the provider still knows."""
        return next((csv for csv in self.csvs if str(csv.id) == csv_id), None)

    def new_path(self) -> Path:
        """Return an unused path in the temporary folder."""
        return self._disk / str(next(self._paths))

    def add_upload(
        self, upload: Path, type_: str, file_name: str | None, strictness: int
    ) -> Csv:
        """Accept an upload, which is paid for, and verify it in the background."""
        folder, behaviour = self.new_path(), self.behaviour
        folder.mkdir()
        date = datetime.fromtimestamp(self.now(), UTC)
        work = self._worker.submit(
            verify,
            type_,
            upload,
            folder,
            columns=behaviour.columns or COLUMNS[type_],
            date=f"{date:%Y-%m-%d}",
            removes_duplicates=behaviour.removes_duplicates,
            cancelled=self.stopping.is_set,
        )
        name = file_name or f"{type_}_{date:%Y-%m-%d %H:%M:%S}"
        return self._add(name, type_, strictness=strictness, upload=upload, work=work)

    def add_finished(
        self,
        *,
        type: str = "email",  # noqa: A002 the provider's word
        results: Mapping[str, bytes | int | Content],
        file_name: str = "added by a test",
    ) -> int:
        """Add a finished file without an upload, and return its id.

        A result is bytes, content, or the size of a CSV that is generated.
        """
        if unknown := set(results) - set(KINDS):
            raise ValueError(f"no such kinds of result: {sorted(unknown)}")
        contents = {kind: _content(result) for kind, result in results.items()}
        return self._add(file_name, type, contents=contents).id

    def _add(self, file_name: str, type_: str, **fields: Any) -> Csv:  # noqa: ANN401 other fields of Csv
        named = {"file_name": file_name, "type": type_, **fields}
        csv_id = next(self._ids)
        csv = Csv(provider=self, created_at=self.now(), id=csv_id, **named)
        self._csvs.append(csv)
        return csv

    def mint_link(self, csv: Csv, kind: str) -> str:
        """Return the token of a new link, which is valid for one use."""
        with self._lock:
            token = f"{self.random.getrandbits(1024):0256x}"  # 256 alphanumerics [V]
            self.links[token] = DownloadLink(csv, kind, self.now())
            csv.links += 1
        return token

    def kill_links(self, csv: Csv) -> None:
        """Invalidate all links of a file."""
        with self._lock:
            for link in self.links.values():
                link.killed |= link.csv is csv

    def use_link(self, link: DownloadLink, *, spends: bool) -> Spent | None:
        """Use a link; return the refusal if it cannot be used (again).

        Of several concurrent uses only one succeeds.
        """
        with self._lock:
            if link.spent or link.killed:
                return self.behaviour.spent_link
            if self.now() - link.minted_at >= _LINK_SECONDS:
                return self.behaviour.expired_link
            link.spent = spends
            link.csv.downloads += spends
        return None

    def abort(self, csv_id: int) -> None:
        """Cancel a file.

        Raises:
            KeyError: There is no such file.
            ValueError: The file is finished.
        """
        csv = self.csv(str(csv_id))
        if csv is None:
            raise KeyError(csv_id)
        if csv.status == FINISHED:
            raise ValueError(f"{csv_id} is finished, and cannot be cancelled")
        csv.aborted_in = csv.status


def lacks_credits(state: IpqsState, call: str) -> bool:
    """Return whether a call is refused because credits are used up for now."""
    behaviour = state.behaviour
    needs_credits = call in behaviour.calls_needing_credits
    return needs_credits and state.now() < behaviour.credits_back_at


def _content(result: bytes | int | Content) -> Content:
    if isinstance(result, bytes):
        return Content.of(result)
    return Content.rows(result) if isinstance(result, int) else result
