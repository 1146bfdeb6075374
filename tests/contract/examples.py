"""Hypothesis settings for tests that talk to a simulator."""

from hypothesis import HealthCheck, settings

#: An exchange takes milliseconds, and all examples share one simulator.
few_examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
