"""A provider's secret as an adapter reads it."""


class FakeSecret:
    """Return the cached value, or read the stored one anew; count fresh reads."""

    def __init__(self, value: str) -> None:
        self.cached = value
        self.stored = value
        self.fresh_reads = 0

    def __call__(self, fresh: bool) -> str:
        """Return the value."""
        if fresh:
            self.fresh_reads += 1
            self.cached = self.stored
        return self.cached
