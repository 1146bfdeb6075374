"""Rate limit: no period has more calls than the limit, however late calls are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.rate_limit import RateLimit

RATE = RateLimit(calls=10, seconds=60, leeway_seconds=5)

rates = st.builds(
    RateLimit,
    calls=st.integers(1, 50),
    seconds=st.floats(1, 3600),
    leeway_seconds=st.floats(0.1, 60),
)
lateness = st.floats(0, 1)


@given(rate=rates, late=st.lists(lateness, min_size=1, max_size=120))
def test_no_period_has_more_calls_than_the_limit(
    rate: RateLimit, late: list[float]
) -> None:
    """The provider may count from any moment, and answers 429 to one call too many."""
    calls = sorted(
        slot * rate.interval + share * rate.leeway_seconds
        for slot, share in enumerate(late)
    )

    for first, beyond_limit in zip(calls, calls[rate.calls :], strict=False):
        assert beyond_limit - first >= rate.seconds * (1 - 1e-9)


@pytest.mark.parametrize(
    ("now", "allowed"), [(99.9, False), (100.0, True), (102.5, True), (102.6, False)]
)
def test_a_slot_is_allowed_for_half_of_its_leeway(now: float, allowed: bool) -> None:
    """The other half is for the call itself, which takes a while to arrive."""
    assert RATE.allows(100.0, now=now) is allowed


def test_ten_calls_a_minute_are_a_slot_every_six_and_a_half_seconds() -> None:
    """The leeway of five seconds makes nine of the ten calls."""
    assert RATE.interval == 6.5
