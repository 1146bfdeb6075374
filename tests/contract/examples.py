"""Examples: how many of hypothesis' inventions go over a real socket."""

from hypothesis import HealthCheck, settings

#: An exchange takes milliseconds, and the simulator is the same for all examples.
few_examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
