"""Download links: minted by each status call, spent by the first use."""

import random
import string
import threading
from dataclasses import dataclass
from enum import Enum, auto

from local.simulators.ipqs.job import Csv

_LETTERS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 256  # [V]


class LinkState(Enum):
    """Whether a link works."""

    GOOD = auto()
    SPENT = auto()
    EXPIRED = auto()


@dataclass(slots=True)
class DownloadLink:
    """One link, without the host."""

    token: str
    csv: Csv
    kind: str
    minted_at: float
    spent: bool = False
    killed: bool = False  # by newer links


class LinkStore:
    """Every link that was ever minted."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._links: dict[str, DownloadLink] = {}
        self._lock = threading.Lock()

    def mint(self, csv: Csv, kind: str, now: float) -> DownloadLink:
        """Return a new link, good for one use."""
        with self._lock:
            token = "".join(self._random.choices(_LETTERS, k=_TOKEN_LENGTH))
            self._links[token] = link = DownloadLink(token, csv, kind, now)
            csv.links += 1
        return link

    def kill(self, csv: Csv) -> None:
        """End every link of a file."""
        with self._lock:
            for link in self._links.values():
                link.killed |= link.csv is csv

    def find(self, token: str) -> DownloadLink | None:
        """Return the link with this token, in whatever state."""
        return self._links.get(token)

    def use(
        self, link: DownloadLink, *, now: float, lifetime: float, spends: bool
    ) -> LinkState:
        """Return the state before this use; of concurrent uses only one is good."""
        with self._lock:
            if link.spent or link.killed:
                return LinkState.SPENT
            if now - link.minted_at >= lifetime:
                return LinkState.EXPIRED
            link.spent = spends
            link.csv.downloads += spends
            return LinkState.GOOD

    def give_back(self, link: DownloadLink) -> None:
        """Undo a use that was interrupted."""
        with self._lock:
            link.spent = False
            link.csv.downloads -= 1

    def clear(self) -> None:
        """Forget every link."""
        with self._lock:
            self._links.clear()
