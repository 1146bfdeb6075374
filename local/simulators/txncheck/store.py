"""The requests that the provider holds."""

import random
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from local.simulators.txncheck.behaviour import Behaviour
from local.simulators.txncheck.job import Held
from local.simulators.txncheck.routes import Method


class Store:
    """Every request, by its id."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()

    def take_in(
        self,
        method: Method,
        fields: Mapping[str, Any],
        *,
        now: float,
        balance: int | None,
    ) -> Held | None:
        """Accept a request, which is paid from here on; None if it cannot be."""
        with self._lock:
            id_ = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            held = Held(id=id_, method=method, fields=fields, created_at=now)
            paid = sum(each.item_count for each in self._held.values())
            if balance is not None and paid + held.item_count > balance:
                return None
            self._held[id_] = held
        return held

    def find(self, id_: str, now: float, behaviour: Behaviour) -> Held | None:
        """The request, where it is known already, and still."""
        with self._lock:
            held = self._held.get(id_)
        if held is None:
            return None
        age = now - held.created_at
        kept = behaviour.retention_seconds
        if age < behaviour.seconds_unknown or (kept is not None and age >= kept):
            return None
        return held

    def all(self) -> list[Held]:
        """Every request that was ever accepted, oldest first."""
        with self._lock:
            return list(self._held.values())
