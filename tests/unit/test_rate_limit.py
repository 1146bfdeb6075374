"""Rate: however late calls are, no stretch of time has more than it may."""

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
def test_no_stretch_has_more_calls_than_the_rate(
    rate: RateLimit, late: list[float]
) -> None:
    """The provider counts over any minute, not over ours; its answer is 429."""
    calls = sorted(
        slot * rate.interval + part * rate.leeway_seconds
        for slot, part in enumerate(late)
    )

    for first, beyond in zip(calls, calls[rate.calls :], strict=False):
        assert beyond - first >= rate.seconds * (1 - 1e-9)


@pytest.mark.parametrize(
    ("now", "good"), [(99.9, False), (100.0, True), (102.5, True), (102.6, False)]
)
def test_a_slot_is_good_for_half_of_its_leeway(now: float, good: bool) -> None:
    """The other half is for the call itself, which takes a while to arrive."""
    assert RATE.allows(100.0, now=now) is good


def test_the_known_rate_is_a_slot_every_six_and_a_half_seconds() -> None:
    """Ten a minute become nine: the price of never being refused."""
    assert RATE.interval == 6.5
