"""What the page offers to do about a job is what the API does, at a price it says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.api_description import RETRYABLE, document
from verdict_courier.console.actions import ACTIONS, offered, quote_says
from verdict_courier.console.console import WebConsole
from verdict_courier.console.log_sources import AwsConsoleLinks

from functions.api.routes import RETRYABLE_OUTCOMES
from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_RUNNING = {"outcome": None, "phase": "running", "provider_ref": "7"}
_QUOTE = {
    "records": 12,
    "to_send": 9,
    "duplicates": 2,
    "blank": 1,
    "not_sent": {},
    "header": "Email",
    "notes": [],
    "credits_needed": 9,
    "aws_usd": 0.003,
}


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    """Serve an API."""
    with ScriptedServer.started() as server:
        yield server


def console(api: ScriptedServer) -> WebConsole:
    """Return the console of the API."""
    return WebConsole(
        ApiClient.local(api.url),
        stack="a test",
        refresh_seconds=60.0,
        log_source=AwsConsoleLinks(),
    )


def contents(console: WebConsole, path: str, *, acts: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of a response."""
    response = console.act(path) if acts else console.respond(path)
    assert response is not None
    return json.loads(b"".join(response.chunks))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        pytest.param(_RUNNING, ["check", "cancel"], id="running"),
        pytest.param(
            {**_RUNNING, "provider_ref": None}, ["cancel"], id="not submitted"
        ),
        pytest.param({**_RUNNING, "phase": "finished"}, ["cancel"], id="being fetched"),
        pytest.param(
            {"outcome": None, "approval": {"until": "then"}},
            ["approve", "cancel"],
            id="waits for approval",
        ),
        *[pytest.param({"outcome": o}, ["retry"], id=o) for o in RETRYABLE],
        pytest.param({"outcome": "aborted"}, [], id="aborted"),
        pytest.param({}, [], id="succeeded"),
        pytest.param({"outcome": "partial"}, [], id="a partial list"),
        pytest.param(
            {"outcome": "partial", "retry": {"resends": 0, "resumes": 1}},
            ["retry"],
            id="a partial batch",
        ),
        pytest.param(
            {"retry": {"resends": 0, "resumes": 0, "joins": True}},
            ["retry"],
            id="unjoined",
        ),
        pytest.param({"erased_at": None}, ["erase"], id="not erased"),
        pytest.param(
            {"outcome": "failed", "erased_at": None}, ["retry", "erase"], id="either"
        ),
        pytest.param({"outcome": None, "erased_at": None}, ["cancel"], id="not ended"),
        pytest.param({"outcome": "failed", "erased_at": "then"}, [], id="erased"),
    ],
)
def test_what_the_api_would_refuse_is_not_offered(
    changes: dict[str, Any], names: list[str]
) -> None:
    """A button that never works teaches people not to trust the others."""
    assert [action["name"] for action in offered({**JOB, **changes})] == names


def test_the_question_says_what_is_paid_for() -> None:
    """Who is asked once more must know what is different then."""
    waits = {**JOB, "outcome": None, "approval": {"until": "then"}, "quote": _QUOTE}
    failed = {**JOB, "outcome": "failed", "retry": {"resends": 7, "resumes": 2}}
    unjoined = {**JOB, "retry": {"resends": 0, "resumes": 0, "joins": True}}

    (approve, _), (retry,), (join,) = offered(waits), offered(failed), offered(unjoined)

    assert "9 to send" in approve["asks"]
    assert "about 9 credits" in approve["asks"]
    assert quote_says(waits) in approve["asks"]
    assert not quote_says({**waits, "approval": None})
    assert "7 requests are sent, and paid for, again" in retry["asks"]
    assert "nothing is sent or paid" in join["asks"]


def test_outcomes_and_actions_are_those_of_the_api() -> None:
    """The client cannot import from the API, of which another release may run."""
    paths = document()["paths"]

    assert set(RETRYABLE) == set(map(str, RETRYABLE_OUTCOMES))
    assert all("post" in paths[f"/jobs/{{job_id}}/{name}"] for name in ACTIONS)


def test_what_became_of_an_action_is_read_at_once(api: ScriptedServer) -> None:
    """Otherwise somebody would press the button again."""
    api.answer_all(Answer.json({"jobs": [], "next": None}))
    api.answers[f"/jobs/{_ID}/cancel"] = Answer.json(JOB)
    page = console(api)
    contents(page, "data")

    assert contents(page, f"jobs/{_ID}/cancel", acts=True) == {
        "error": None,
        "says": None,
    }

    before = len(api.requests)
    contents(page, "data")
    assert len(api.requests) > before


def test_a_check_says_what_the_provider_has_answered(api: ScriptedServer) -> None:
    """Nothing else on the page would show it; and nothing is asked first."""
    answer = {"woken": False, "phase": "running", "error": None, "next_check_at": None}
    api.answers[f"/jobs/{_ID}/check"] = Answer.json(answer)
    (check, _) = offered({**JOB, **_RUNNING})

    said = contents(console(api), f"jobs/{_ID}/check", acts=True)

    assert check == {"name": "check", "asks": ""}
    assert said == {"error": None, "says": "The provider says: running."}


@pytest.mark.parametrize(
    ("erased_at", "says"),
    [("2026-11-22T10:00:00.000Z", None), (None, "Not all of it is erased yet")],
)
def test_what_is_erased_in_part_is_said(
    api: ScriptedServer, erased_at: str | None, says: str | None
) -> None:
    """Of many objects some are left, and whoever asked thinks that they are gone."""
    api.answers[f"/jobs/{_ID}/erase"] = Answer.json({**JOB, "erased_at": erased_at})

    error = contents(console(api), f"jobs/{_ID}/erase", acts=True)["error"]

    assert str(error).startswith(str(says))


@pytest.mark.parametrize(("erased_at", "results"), [(None, True), ("then", False)])
def test_an_erased_job_has_no_results_to_show(
    api: ScriptedServer, erased_at: str | None, results: bool
) -> None:
    """A link that leads to a refusal looks like a fault."""
    api.answer_all(
        Answer.json({"jobs": [{**JOB, "erased_at": erased_at}], "next": None})
    )

    (job,) = contents(console(api), "data")["jobs"]

    assert (job["results"] is not None) == results
    assert ("objects" in {link["text"] for link in job["page_links"]}) == results


@pytest.mark.parametrize(
    "answer",
    [
        Answer.json({"title": "The job has ended.", "status": 409}, status=409),
        Answer(body=[b"<html>"], status=502, headers={"Content-Type": "text/html"}),
    ],
    ids=["refused", "not the API"],
)
def test_a_refusal_is_said(api: ScriptedServer, answer: Answer) -> None:
    """A button that does nothing and says nothing is pressed again."""
    api.answer_all(answer)

    said = contents(console(api), f"jobs/{_ID}/cancel", acts=True)["error"]

    assert said
    assert ("has ended" in said) == (answer.status == 409)


@pytest.mark.parametrize(
    "path",
    [
        f"jobs/{_ID}/results",
        f"jobs/{_ID}",
        f"jobs/{_ID[1:]}/cancel",
        f"jobs/{_ID}/cancel/",
        "uploads",
        "data",
    ],
)
def test_nothing_else_of_the_api_is_reached(api: ScriptedServer, path: str) -> None:
    """The console signs with the rights of whoever started it."""
    assert console(api).act(path) is None
    assert not api.requests


@pytest.mark.parametrize("action", ACTIONS)
def test_a_get_changes_nothing(api: ScriptedServer, action: str) -> None:
    """Browsers and their extensions fetch links that nobody has followed."""
    assert console(api).respond(f"jobs/{_ID}/{action}") is None
    assert not api.requests
