"""Tables fit their terminal, and pipes get one line a job with whole values."""

from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from rich.console import Console
from verdict_courier import api_description
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.display import Display
from verdict_courier.cli.job_facts import facts
from verdict_courier.cli.job_table import fitting, list_columns
from verdict_courier.cli.texts import progress, time_text
from verdict_courier.cli.watch import table, watch_columns

from functions.core import errors
from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ERRORS = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
_KINDS = [
    (provider, type_)
    for provider, upload in api_description.uploads().items()
    for type_ in upload.types
]
_TAIPEI = timezone(timedelta(hours=8), "CST")


def job(provider: str, type_: str, **more: object) -> dict[str, Any]:
    """Return a job as a list has it, with a timeline."""
    return {
        **JOB,
        "job_id": "0123456789abcdef" * 4,
        "provider": provider,
        "type": type_,
        "timeline": None,
        **more,
    }


def jobs() -> list[dict[str, Any]]:
    """Return jobs with the longest texts of each column."""
    hold = {"error": max(_ERRORS, key=len)}
    listed = [
        *(job(*kind) for kind in _KINDS),
        job(*_KINDS[-1], outcome="timed_out", late=True, verdict="contradictory"),
        job(*_KINDS[-1], outcome=None, phase="finalizing"),
        job(*_KINDS[0], outcome="failed", error={"name": hold["error"]}),
        job(*_KINDS[0], outcome=None, hold={**hold, "error": "ProviderUnavailable"}),
        job(*_KINDS[0], name=f"{'June ' * 20}.csv", label="for\tthe audit"),
    ]
    return [
        {**job, "job_id": f"0123456789ab{number:052}"}
        for number, job in enumerate(listed)
    ]


def drawn(kind: str, width: int, listed: list[dict[str, Any]]) -> list[str]:
    """Return the lines of a table in a terminal of a width."""
    console = Console(width=width)
    with console.capture() as output:
        if kind == "list":
            console.print(fitting(list_columns(UTC), listed, width))
        else:
            console.print(table(watch_columns(now=1.8e9), listed, width))
    return [line.rstrip() for line in output.get().splitlines()]


@pytest.mark.parametrize("kind", ["list", "watch"])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_state_type_and_id_stay_readable(kind: str, width: int) -> None:
    """Whoever looks at a table wants to know which job does how."""
    lines = drawn(kind, width, jobs())

    text = " ".join(lines)
    assert max(map(len, lines)) <= width
    assert text.count("0123456789ab") == len(jobs())
    for word in (
        *(type_ for _, type_ in _KINDS),
        "succeeded",
        "timed_out",
        "late,",
        "rows",
    ):
        assert word in text
    for word in ("contradictory", "finalizing …", "ProviderUnavailable"):
        assert word in text


@pytest.mark.parametrize(
    ("kind", "width", "shown"),
    [
        ("list", 60, ["job", "type", "state", "received"]),
        ("list", 80, ["job", "type", "state", "received", "rows", "checks"]),
        ("list", 50, ["job", "type", "state"]),
        ("watch", 60, ["job", "type", "state", "error", "age", "checks"]),
        ("watch", 50, ["job", "type", "state", "error", "age"]),
        ("watch", 49, ["job", "type", "state", "age"]),
    ],
)
def test_columns_are_left_out_rather_than_cut(
    kind: str, width: int, shown: list[str]
) -> None:
    """Half a time is worth less than none."""
    error = {"name": "SourceEmpty"}

    header = drawn(kind, width, [job("ipqs", "email", error=error)])[0].split()

    assert header == shown


def test_a_job_is_shown_by_its_name_and_its_label() -> None:
    """People know their files, not the ids of jobs."""
    named = job("ipqs", "email", name="June customers, final.csv", label="audit")

    lines = drawn("list", 120, [named])

    assert lines[0].split()[-2:] == ["name", "label"]
    assert lines[1].endswith("June customers, fin… audit")
    assert "June customers, fin…" in " ".join(drawn("list", 80, [named]))
    assert "June customers, fin…" in " ".join(drawn("watch", 120, [named]))


def test_a_short_table_is_not_wrapped() -> None:
    """One job is one line if there is space for it."""
    lines = drawn("list", 80, [job("txncheck", "full-check")])

    assert lines[1] == (
        "0123456789ab txncheck full-check succeeded 2026-11-22 10:00:00 UTC   12      3"
    )


def test_no_jobs_are_a_table_too() -> None:
    """The header says what would be there."""
    assert drawn("list", 80, [])[0].split()[0] == "job"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve a list of jobs, to which the command line is connected."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        monkeypatch.setenv("COLUMNS", "40")
        server.answers["/jobs"] = Answer.json({"jobs": jobs(), "next": None})
        server.answer_all(
            Answer.json({"entries": [], "checks": [], "ended_at": None}),
        )
        yield server


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("command", "values"), [(("list",), 8), (("watch", "--once"), 10)]
)
@pytest.mark.parametrize("forced", [False, True])
def test_a_pipe_gets_a_line_for_each_job(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    values: int,
    forced: bool,
) -> None:
    """`cut`, `grep` and `sort` work on lines, and an id that is cut finds nothing."""
    if forced:
        monkeypatch.setenv("FORCE_COLOR", "1")

    assert main(command) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(jobs())
    for line, listed in zip(lines, jobs(), strict=True):
        cells = line.split("\t")
        assert len(cells) == values
        assert cells[0] == listed["job_id"]
        assert cells[1] == f"{listed['provider']} {listed['type']}"
        assert all(cell == cell.strip() and "…" not in cell for cell in cells)


@pytest.mark.usefixtures("api")
def test_a_pipe_gets_times_with_their_offset(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The name of a zone says nothing to a program."""
    main(["list", "--utc"])

    assert "\t2026-11-22T10:00:00+00:00\t" in capsys.readouterr().out


def test_times_are_those_of_the_reader() -> None:
    """Nobody adds hours in the head; the zone is there for those who compare."""
    assert time_text("2026-11-22T20:00:00.000Z", _TAIPEI) == "2026-11-23 04:00:00 CST"
    assert time_text("2026-11-22T20:00:00.000Z", UTC) == "2026-11-22 20:00:00 UTC"
    assert time_text(None, UTC) == ""
    assert time_text("soon", UTC) == "soon"


@pytest.mark.parametrize("is_local", [False, True])
def test_a_job_on_this_machine_has_no_console_of_aws(
    capsys: pytest.CaptureFixture[str], is_local: bool
) -> None:
    """The address would lead nowhere."""
    Display(as_json=False, is_local=is_local).job(JOB)

    assert ("https://console" not in capsys.readouterr().out) == is_local


def command(*words: str) -> str:
    """Return a command line as the client of a clone words it."""
    return " ".join(("./courier", *words))


def told_of(job: dict[str, Any]) -> dict[str, str]:
    """Return what is said of a job, by name."""
    of_it = facts(job, UTC, is_local=True, command=command)
    return {name: text.plain for name, text in of_it}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"phase": "queued", "submitted_at": None, "checks": 0}, "preparing"),
        (
            {"phase": "queued", "submitted_at": None, "checks": 0, "quote": {"a": 1}},
            "sending",
        ),
        ({"phase": "running", "checks": 1}, "running, 1 check"),
        ({"phase": "running", "checks": 2}, "running, 2 checks"),
        (
            {"phase": "finished", "next_check_at": "2026-11-26T14:01:00.000Z"},
            "fetching its results, 3 checks",
        ),
    ],
)
def test_progress_says_what_is_under_way(changes: dict[str, Any], line: str) -> None:
    """`queued, 0 checks` reads as if nothing happened, while requests are sent."""
    running = {**JOB, "outcome": None, **changes}

    assert progress(running, UTC).plain == f"{JOB['job_id'][:12]}… {line}"


def test_a_finished_job_has_no_next_check() -> None:
    """The time of the last one is kept, and is past."""
    running = {**JOB, "outcome": None, "next_check_at": "2026-11-26T14:01:00.000Z"}

    assert "next check" not in told_of(running)
    assert "next check" in told_of({**running, "phase": "running"})


def test_a_job_says_how_to_get_its_results() -> None:
    """Who has waited for them wants them, and by the name of the program at hand."""
    digits = JOB["job_id"][:12]
    line = f"./courier results {digits} --download out/{digits}"
    quote = {"records": 1, "blank": 0, "duplicates": 0, "not_sent": {}, "to_send": 1}
    batch = {
        **JOB,
        "outcome": "partial",
        "quote": {**quote, "header": None, "notes": []},
    }

    assert told_of(JOB)["results"] == line
    assert "partial" not in told_of(JOB)
    assert "joined.csv" in told_of(batch)["partial"]
    assert told_of(batch)["results"] == line
    for none in ({"outcome": "failed"}, {"outcome": None}, {"erased_at": "2026"}):
        assert "results" not in told_of({**JOB, **none})


def test_an_approval_and_the_details_of_an_error_are_asked_for_by_name() -> None:
    """A clone's program is `./courier`, and may speak to another stage."""
    quote = {"records": 1, "blank": 0, "duplicates": 0, "not_sent": {}, "to_send": 1}
    waiting = {
        **JOB,
        "outcome": None,
        "quote": {**quote, "header": None, "notes": [], "credits_needed": 1},
        "approval": {"until": "2026-11-26T14:01:00.000Z"},
    }
    failed = {**JOB, "outcome": "failed", "links": {**JOB["links"], "error": "/e"}}

    assert told_of(waiting)["approve by"] == f"./courier approve {JOB['job_id'][:12]}"
    assert told_of(waiting)["cost"] == "about 1 credit"
    assert told_of(failed)["details"] == f"./courier results {JOB['job_id'][:12]}"


def test_the_kinds_of_results_stand_in_one_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The longest of them is longer than the column of other names."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    kinds = ("all", "joined-parquet")

    Display(as_json=False).files(
        [{"kind": kind, "rows": 1, "place": "p"} for kind in kinds]
    )

    starts = {line.index("1 rows") for line in capsys.readouterr().out.splitlines()}
    assert len(starts) == 1


def test_a_running_job_says_when_it_should_end() -> None:
    """Who waits in front of a terminal can plan, and sees why it is not sooner."""
    running: dict[str, Any] = {
        **JOB,
        "outcome": None,
        "phase": "running",
        "next_check_at": "2026-11-26T14:01:00.000Z",
        "next_check_reason": "expected",
        "expected_between": ["2026-11-26T14:05:00.000Z", "2026-11-26T14:12:00.000Z"],
        "expected_from": 23,
    }

    line = progress(running, UTC).plain
    told = told_of(running)
    older = {**running, "expected_between": None, "next_check_reason": None}

    assert line.endswith(", expected 14:05 to 14:12 UTC (from 23 jobs)")
    assert told["expected"] == "14:05 to 14:12 UTC (from 23 jobs)"
    assert told["next check"].endswith(": the end is expected about then")
    assert "expected" not in progress(older, UTC).plain
    assert "expected" not in told_of(older)
