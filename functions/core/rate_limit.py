"""Rate limit: compute how far apart submissions must be for a provider's limit."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """A limit of `calls` in any period of `seconds`.

    A slot may be used up to `leeway_seconds` late, or not at all. Slots are therefore
    (seconds + leeway) / calls apart, so that late calls cannot exceed the limit.
    """

    calls: int
    seconds: float
    leeway_seconds: float

    @property
    def interval(self) -> float:
        """The seconds from one slot to the next."""
        return (self.seconds + self.leeway_seconds) / self.calls

    def allows(self, slot_at: float, *, now: float) -> bool:
        """Return whether a slot can be used now; half of the leeway is for the call."""
        return slot_at <= now <= slot_at + self.leeway_seconds / 2
