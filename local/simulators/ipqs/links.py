"""Download links: minted by each status call, spent by the first use."""

import random
import string
import threading
from dataclasses import dataclass

from local.simulators.ipqs.behaviour import Spent
from local.simulators.ipqs.job import Csv

LIFETIME_SECONDS = 15 * 60.0  # [V]
_TOKEN_LENGTH = 256  # [V]


@dataclass(slots=True)
class DownloadLink:
    """One link, without the host."""

    csv: Csv
    kind: str
    minted_at: float
    spent: bool = False
    killed: bool = False  # by newer links


class LinkStore:
    """Every link that was ever minted, by its token."""

    def __init__(self) -> None:
        self._links: dict[str, DownloadLink] = {}
        self._lock = threading.Lock()

    def mint(self, csv: Csv, kind: str, randomness: random.Random) -> str:
        """Return the token of a new link, good for one use."""
        letters = string.ascii_letters + string.digits
        token = "".join(randomness.choices(letters, k=_TOKEN_LENGTH))
        with self._lock:
            self._links[token] = DownloadLink(csv, kind, csv.provider.now())
            csv.links += 1
        return token

    def kill(self, csv: Csv) -> None:
        """End every link of a file."""
        with self._lock:
            for link in self._links.values():
                link.killed |= link.csv is csv

    def find(self, token: str) -> DownloadLink | None:
        """Return the link with this token, in whatever state."""
        return self._links.get(token)

    def use(self, link: DownloadLink, *, spends: bool) -> Spent | None:
        """Use a link; return the refusal if it no longer works.

        Of concurrent uses only one succeeds.
        """
        provider = link.csv.provider
        with self._lock:
            if link.spent or link.killed:
                return provider.behaviour.spent_link
            if provider.now() - link.minted_at >= LIFETIME_SECONDS:
                return provider.behaviour.expired_link
            link.spent = spends
            link.csv.downloads += spends
        return None

    def give_back(self, link: DownloadLink) -> None:
        """Undo a use that was interrupted."""
        with self._lock:
            link.spent = False
            link.csv.downloads -= 1
