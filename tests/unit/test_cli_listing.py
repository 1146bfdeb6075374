"""The command line finds jobs by what people called them."""

from collections.abc import Iterator

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.api_description import most_jobs
from verdict_courier.cli import listing
from verdict_courier.cli.__main__ import main

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_REMARKS = (
    ("june.csv", ""),
    ("may.csv", "Second try of JUNE"),
    ("may.csv", ""),
    (None, None),  # an older deployment has neither
    ("July, not June.csv", ""),
)
_JOBS = [
    {**JOB, "job_id": f"{number:064}", "name": name, "label": label}
    for number, (name, label) in enumerate(_REMARKS)
]


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve the jobs in two pages."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        most = most_jobs()
        for query, page in (
            ("?limit={most}", {"jobs": _JOBS[:3], "next": "more"}),
            ("?limit={most}&cursor=more", {"jobs": _JOBS[3:], "next": None}),
            ("", {"jobs": _JOBS, "next": None}),
        ):
            server.answers[f"/jobs{query.format(most=most)}"] = Answer.json(page)
        yield server


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[list[int], str]:
    """Return the numbers of the jobs that are listed, and what is said of them."""
    assert main(["list", *words]) == 0
    captured = capsys.readouterr()
    numbers = [int(line.partition("\t")[0]) for line in captured.out.splitlines()]
    return numbers, captured.err


def test_jobs_are_found_by_name_or_label(capsys: pytest.CaptureFixture[str]) -> None:
    """A person knows the file and what was said of it, not the digits of an id."""
    found, said = listed(capsys, "--text", "june")

    assert found == [0, 1, 4]
    assert said == "The newest 5 jobs were looked at.\n"
    assert listed(capsys) == ([0, 1, 2, 3, 4], "")


def test_a_search_ends_with_what_was_asked_for(
    capsys: pytest.CaptureFixture[str], server: ScriptedServer
) -> None:
    """Who wants the last one should not wait for pages of others."""
    found, said = listed(capsys, "--text", "june", "--limit", "2")

    assert found == [0, 1]
    assert said == (
        "The newest 2 jobs were looked at; older ones may have it, too: --limit shows "
        "more.\n"
    )
    assert len(server.requests) == 1


def test_a_search_ends_somewhere_and_says_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing found would look like nothing there."""
    monkeypatch.setattr(listing, "_MOST_SEARCHED", 4)

    found, said = listed(capsys, "--text", "june")

    assert found == [0, 1]
    assert said == (
        "The newest 4 jobs were looked at; older ones may have it, too: --day looks at "
        "those of a day.\n"
    )


def test_a_search_counts_only_the_jobs_that_are_selected(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: ScriptedServer,
) -> None:
    """The newest of a day or a provider are not the newest; a day is advised once."""
    monkeypatch.setattr(listing, "_MOST_SEARCHED", 3)
    page = Answer.json({"jobs": _JOBS[:3], "next": "more"})
    server.answers[f"/jobs?day=2026-11-22&limit={most_jobs()}"] = page

    found, said = listed(capsys, "--text", "june", "--day", "2026-11-22")

    assert found == [0, 1]
    assert said == (
        "The newest 3 jobs that the other options select were looked at; older ones "
        "may have it, too.\n"
    )
