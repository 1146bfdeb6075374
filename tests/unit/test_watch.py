"""The terminal's table shows a job's timeline in a few characters."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from verdict_courier.cli.watch import table, timeline_text, watch_columns

from functions.api.responses import rfc3339

_BEGIN = datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()


def entry(
    state: str, since: float, until: float | None, **more: object
) -> dict[str, Any]:
    """Return a timeline's entry for a state; times are seconds since the first."""
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
    """Return a job that passed these states."""
    return {
        "job_id": "0123456789ab" * 5,
        "provider": "ipqs",
        "type": "email",
        "phase": "running",
        "outcome": None,
        "error": None,
        "checks": 2,
        "attempt": 1,
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


ENTRIES = (
    entry("Known", 0, 0),
    entry("Submit", 0, 1, tries=1),
    entry("Wait", 1, 6),
    entry("Check", 6, 6.1, tries=1),
    entry("Listen", 6.1, 8, woken=True),
    entry("Check", 8, 8.1, tries=1),
)


def test_time_runs_to_the_right() -> None:
    """A long wait is wide, and a webhook is shown in place of the check after it."""
    drawn = timeline_text(
        job(*ENTRIES, entry("Wait", 8.1, None)), now=_BEGIN + 12, cells=12
    )

    assert drawn == "SS····|·*···"


def test_an_error_is_not_hidden_by_a_later_state() -> None:
    """Readers look for errors first."""
    failed = entry("Check", 5, 5.1, tries=1, error="ProviderFailed")

    drawn = timeline_text(
        job(failed, entry("Conclude", 5.1, 9, tries=1), ended=9), now=_BEGIN
    )

    assert drawn.strip().startswith("!")


def test_a_job_without_a_history_has_no_timeline() -> None:
    """Its execution may be about to start."""
    assert timeline_text(job(), now=_BEGIN) == ""
    assert timeline_text({**job(), "timeline": None}, now=_BEGIN) == ""


@pytest.mark.parametrize(
    ("fields", "drawn", "age"),
    [
        pytest.param({"ended": 40}, "  ··||", "60 s", id="begun late"),
        pytest.param({"ended": 40, "attempt": 2}, "···|||", "40 s", id="retried"),
        pytest.param(
            {"ended": 40, "attempt": 2, "resumed": 10},
            "··||||",
            "30 s",
            id="retried, and resumed",
        ),
        pytest.param({}, "  ··||", "60 s", id="running"),
    ],
)
def test_the_timeline_is_of_the_time_that_is_the_age(
    fields: dict[str, Any], drawn: str, age: str
) -> None:
    """Who reads the age next to the bars takes them for the same time, as they are."""
    resumed = fields.pop("resumed", None)
    entries = (entry("Wait", 0, 20), entry("Check", 20, 40, tries=1))
    shown = job(*entries, received_at=rfc3339(_BEGIN - 20), **fields)
    # The execution ends some time after its job, whose end it announces.
    shown["timeline"]["ended_at"] = shown["ended_at"] and rfc3339(_BEGIN + 100)
    if resumed is not None:
        mark = {"name": "resumed", "at": rfc3339(_BEGIN + resumed)}
        shown["timeline"]["marks"] = [mark]
    columns = {column.name: column for column in watch_columns(now=_BEGIN + 40)}

    assert timeline_text(shown, now=_BEGIN + 40, cells=6) == drawn
    assert columns["age"].cell(shown).plain == age


_TIMES = st.floats(0, 1e6)


@given(
    spans=st.lists(st.tuples(_TIMES, _TIMES), min_size=1, max_size=20),
    cells=st.integers(1, 40),
)
def test_a_timeline_fills_its_cells(
    spans: list[tuple[float, float]], cells: int
) -> None:
    """Clocks differ, so a state may seem to end before it begins."""
    entries = [entry("Check", since, until, tries=1) for since, until in spans]

    assert len(timeline_text(job(*entries), now=_BEGIN, cells=cells)) == cells


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        pytest.param({}, ("running …", "12 s", "in 3 s"), id="running"),
        pytest.param(
            {"hold": {"error": "OutOfCredits"}},
            ("waiting out OutOfCredits",),
            id="on hold",
        ),
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
def test_a_row_shows_a_job(fields: dict[str, Any], texts: tuple[str, ...]) -> None:
    """Its type, its state, its age and its next check fit into one line."""
    console = Console(width=120)
    with console.capture() as output:
        columns = watch_columns(now=_BEGIN + 12)
        console.print(table(columns, [job(*ENTRIES, **fields)], console.width))

    for text in ("0123456789ab", "ipqs email", *texts):
        assert text in output.get()
