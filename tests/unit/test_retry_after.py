"""Retry-After: whatever the header holds, it is a number of seconds or nothing."""

import math
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.providers.transport.http import retry_after

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set another time zone."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "XXX-5")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.fault(22)
@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 120 ", 120.0, id="spaces"),
        pytest.param("0", 0.0, id="zero"),
        pytest.param("99999999", 99_999_999.0, id="absurd, bounded by the schedule"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("soon", None, id="text"),
        pytest.param("", None, id="empty"),
        pytest.param("²", None, id="a digit of another sort"),
        pytest.param("Sun, 06 Nov 1994 08:50:37 GMT", 60.0, id="date"),
        pytest.param("Sun, 06 Nov 1994 08:48:37 GMT", 0.0, id="date in the past"),
        pytest.param("Sun Nov  6 08:50:37 1994", 60.0, id="date without a zone"),
        pytest.param("Sun, 99 Nov 1994 08:50:37 GMT", None, id="no such day"),
    ],
)
def test_a_header_is_seconds_or_nothing(value: str, expected: float | None) -> None:
    """Dates of HTTP are in UTC, whatever the machine's time zone."""
    assert retry_after({"Retry-After": value}, now=NOW) == expected


def test_no_header_is_no_hint() -> None:
    """Our own schedule decides then."""
    assert retry_after({}, now=NOW) is None


@pytest.mark.fault(22)
@given(value=st.text(max_size=40) | st.text("0123456789 :,-+GMTSunNov", max_size=40))
def test_any_header_is_survived(value: str) -> None:
    """The header comes from outside; a check must not fail because of it."""
    hint = retry_after({"Retry-After": value}, now=NOW)

    assert hint is None or (hint >= 0 and math.isfinite(hint))
