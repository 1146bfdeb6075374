"""A timeline in a few characters shows what matters, whatever happened."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from verdict_courier.cli.watch import line, table

from functions.api.responses import rfc3339

_BEGIN = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()


def stay(
    state: str, since: float, until: float | None, **more: object
) -> dict[str, Any]:
    """Give a stay in a state, from second to second."""
    return {
        "state": state,
        "entered_at": rfc3339(_BEGIN + since),
        "left_at": None if until is None else rfc3339(_BEGIN + until),
        "error": None,
        "tries": 0,
        "woken": None,
        **more,
    }


def job(*entries: dict[str, Any], ended: float | None = None, **more: object) -> Any:  # noqa: ANN401 - as the API gives it
    """Give a job that passed these states."""
    return {
        "job_id": "0123456789ab" * 5,
        "provider": "ipqs",
        "type": "email",
        "phase": "running",
        "outcome": None,
        "error": None,
        "checks": 2,
        "received_at": rfc3339(_BEGIN),
        "submitted_at": rfc3339(_BEGIN),
        "next_check_at": rfc3339(_BEGIN + 15),
        "ended_at": None if ended is None else rfc3339(_BEGIN + ended),
        "timeline": {
            "entries": list(entries),
            "ended_at": None if ended is None else rfc3339(_BEGIN + ended),
        },
        **more,
    }


WAY = (
    stay("Known", 0, 0),
    stay("Submit", 0, 1, tries=1),
    stay("Wait", 1, 6),
    stay("Check", 6, 6.1, tries=1),
    stay("Listen", 6.1, 8, woken=True),
    stay("Check", 8, 8.1, tries=1),
)


def test_the_way_runs_to_the_right() -> None:
    """Waits are wide, a check is a stroke, a webhook is seen above it."""
    drawn = line(job(*WAY, stay("Wait", 8.1, None)), now=_BEGIN + 12, cells=12)

    assert drawn == "SS····|·*···"


def test_an_error_is_not_hidden_by_what_follows() -> None:
    """It is what one looks for."""
    failed = stay("Check", 5, 5.1, tries=1, error="ProviderFailed")

    drawn = line(job(failed, stay("Conclude", 5.1, 9, tries=1), ended=9), now=_BEGIN)

    assert drawn.startswith("!")


def test_a_job_without_a_history_has_no_line() -> None:
    """It is about to begin."""
    assert line(job(), now=_BEGIN) == ""
    assert line({**job(), "timeline": None}, now=_BEGIN) == ""


_TIMES = st.floats(0, 1e6)


@given(
    stays=st.lists(st.tuples(_TIMES, _TIMES), min_size=1, max_size=20),
    cells=st.integers(1, 40),
)
def test_a_line_is_as_long_as_it_may_be(
    stays: list[tuple[float, float]], cells: int
) -> None:
    """Clocks differ, and states may seem to last for less than nothing."""
    entries = [stay("Check", since, until, tries=1) for since, until in stays]

    assert len(line(job(*entries), now=_BEGIN, cells=cells)) == cells


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({}, ("running …", "12 s", "in 3 s"), id="running"),
        pytest.param(
            {"outcome": "failed", "error": {"name": "OutOfCredits"}, "ended": 180},
            ("failed OutOfCredits", "3 min"),
            id="failed",
        ),
        pytest.param(
            {"outcome": "succeeded", "ended": 9000}, ("succeeded", "2.5 h"), id="long"
        ),
    ],
)
def test_a_job_is_a_row(more: dict[str, Any], words: tuple[str, ...]) -> None:
    """What it is, how it is doing, for how long, and what comes next."""
    console = Console(width=120)
    with console.capture() as shown:
        console.print(table([job(*WAY, **more)], now=_BEGIN + 12))

    for word in ("0123456789ab", "ipqs email", *words):
        assert word in shown.get()
