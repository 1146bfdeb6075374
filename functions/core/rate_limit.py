"""Rate: how far apart submissions have to be, to keep what a provider allows."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """At most so many calls in any stretch of so many seconds.

    A slot is used within `leeway_seconds` or not at all. So the calls of a stretch
    have slots in a stretch that is longer by the leeway, and the slots are that much
    further apart.
    """

    calls: int
    seconds: float
    leeway_seconds: float

    @property
    def interval(self) -> float:
        """Seconds from one slot to the next."""
        return (self.seconds + self.leeway_seconds) / self.calls

    def allows(self, slot_at: float, *, now: float) -> bool:
        """Say whether a slot can be used; half of the leeway is for the call itself."""
        return slot_at <= now <= slot_at + self.leeway_seconds / 2
