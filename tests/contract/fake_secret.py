"""Keyring: the provider's secret as the adapter sees it."""


class FakeSecret:
    """Gives the key that is kept, or reads it anew; counts the reads."""

    def __init__(self, key: str) -> None:
        self.cached = key
        self.stored = key
        self.fresh_reads = 0

    def __call__(self, fresh: bool) -> str:
        """Give the key."""
        if fresh:
            self.fresh_reads += 1
            self.cached = self.stored
        return self.cached
