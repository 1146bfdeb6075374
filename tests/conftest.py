"""What all suites share: the same examples in every run."""

from hypothesis import settings

settings.register_profile(
    "repeatable", derandomize=True, max_examples=100, deadline=None
)
settings.load_profile("repeatable")
