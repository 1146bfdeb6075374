"""Download links: made by each status call, spent by the first use."""

import random
import string
import threading
from dataclasses import dataclass
from enum import Enum, auto

_LETTERS = string.ascii_letters + string.digits
TOKEN_LENGTH = 256


class State(Enum):
    """Whether a link works."""

    GOOD = auto()
    SPENT = auto()
    EXPIRED = auto()


@dataclass(slots=True)
class Link:
    """One link, without the host."""

    token: str
    csv_id: int
    kind: str
    made_at: float
    spent: bool = False
    killed: bool = False  # by newer links
    uses: int = 0


class Links:
    """Every link that was ever made."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._links: dict[str, Link] = {}
        self._lock = threading.Lock()

    def make(self, csv_id: int, kind: str, now: float) -> Link:
        """A new link, good for one use."""
        with self._lock:
            token = "".join(self._random.choices(_LETTERS, k=TOKEN_LENGTH))
            self._links[token] = link = Link(token, csv_id, kind, now)
        return link

    def kill(self, csv_id: int) -> None:
        """End every link of a file."""
        with self._lock:
            for link in self._links.values():
                if link.csv_id == csv_id:
                    link.killed = True

    def find(self, token: str) -> Link | None:
        """The link with this token, in whatever state."""
        return self._links.get(token)

    def use(self, link: Link, *, now: float, lifetime: float, spends: bool) -> State:
        """The link's state before this use; of two uses at once only one is good."""
        with self._lock:
            if link.spent or link.killed:
                return State.SPENT
            if now - link.made_at >= lifetime:
                return State.EXPIRED
            link.spent = spends
            link.uses += spends
            return State.GOOD

    def give_back(self, link: Link) -> None:
        """Make a spent link good again, where a use that broke off does not count."""
        with self._lock:
            link.spent = False
            link.uses -= 1

    def counts(self, csv_id: int) -> tuple[int, int]:
        """How many links of a file were made, and how many were used."""
        with self._lock:
            links = [link for link in self._links.values() if link.csv_id == csv_id]
        return len(links), sum(link.uses for link in links)
