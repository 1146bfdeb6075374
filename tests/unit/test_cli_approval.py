"""The command line asks before a job is paid for that needs an approval."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli import following
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.texts import approval_text, cost_text

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_PATH = f"/jobs/{_ID}"
_QUOTE: dict[str, Any] = {
    "records": 3,
    "blank": 0,
    "duplicates": 0,
    "not_sent": {},
    "to_send": 3,
    "header": None,
    "notes": [],
    "uploads": 1,
    "credits_needed": 3,
    "aws_usd": 0.0021,
}
_RUNNING = {**JOB, "phase": "queued", "outcome": None, "quote": _QUOTE}
_WAITS = {
    **_RUNNING,
    "phase": "quoted",
    "approval": {
        "reason": "asked",
        "since": "2026-11-22T10:00:00.000Z",
        "until": "2026-11-25T10:00:00.000Z",
    },
}
_CANCELLED = {**_RUNNING, "outcome": "cancelled"}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve an API with a job that waits for approval, to which the client speaks."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        form = {
            "url": f"{server.url}/s3",
            "fields": {},
            "max_bytes": 1000,
            "key": "k",
            "find_job": {"body": {"name": "n"}},
        }
        stored = Answer(status=204, headers={"x-amz-version-id": "1"})
        server.answers |= {
            "/uploads": Answer.json(form, status=201),
            "/s3": stored,
            "/jobs": Answer.json(_WAITS, status=202),
            _PATH: Answer.json(_WAITS),
            f"{_PATH}/approve": Answer.json({**_RUNNING, "outcome": "succeeded"}),
            f"{_PATH}/cancel": Answer.json(_CANCELLED),
        }
        yield server


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return the path of a list."""
    path = tmp_path / "list.csv"
    path.write_text("email\nada@rows.example\n")
    return str(path)


def answers(word: str) -> Callable[[str], bool]:
    """Return a person who answers a question."""
    return lambda _: word == "y"


@pytest.mark.parametrize(
    ("word", "action", "code"), [("y", "approve", 0), ("n", "cancel", 1)]
)
def test_a_person_is_asked(
    api: ScriptedServer,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    action: str,
    code: int,
) -> None:
    """Only a yes pays; after a no, nothing is left waiting."""
    monkeypatch.setattr(following, "asks", lambda: True)
    monkeypatch.setattr(following, "says_yes", answers(word))

    assert main(["submit", file, "--type", "email", "--wait"]) == code

    assert [path for path, _ in api.requests][-1] == f"{_PATH}/{action}"


def test_a_pipe_is_not_asked(
    api: ScriptedServer, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must not hang; the note says how to approve."""
    assert main(["submit", file, "--type", "email", "--wait"]) == 7

    notes = capsys.readouterr().err
    assert f"courier approve {_ID}" in notes
    assert "--yes" in notes
    assert not {f"{_PATH}/approve", f"{_PATH}/cancel"} & {p for p, _ in api.requests}


def test_yes_approves_without_a_question(api: ScriptedServer, file: str) -> None:
    """A script says so in advance."""
    assert main(["submit", file, "--type", "email", "--wait", "--yes"]) == 0

    assert [path for path, _ in api.requests][-1] == f"{_PATH}/approve"


def test_a_quote_leaves_nothing_behind(
    api: ScriptedServer, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who only wants the numbers has not asked for a job that waits three days."""
    assert main(["quote", file, "--type", "email"]) == 0

    assert [path for path, _ in api.requests][-1] == f"{_PATH}/cancel"
    assert "cost\tabout 3 credits;" in capsys.readouterr().out


def test_a_kept_quote_says_how_to_go_on(
    api: ScriptedServer, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same job can be approved then; the file is not uploaded again."""
    assert main(["quote", file, "--type", "email", "--keep", "--utc"]) == 0

    output = capsys.readouterr().out
    assert f"{_PATH}/cancel" not in {path for path, _ in api.requests}
    assert "approval\twaits for approval until 2026-11-25 10:00:00 UTC" in output
    assert f"approve by\tcourier approve {_ID[:12]}" in output


def test_a_job_is_approved(api: ScriptedServer) -> None:
    """By the first digits of its id as well."""
    assert main(["approve", _ID, "--wait"]) == 0

    assert [path for path, _ in api.requests] == [f"{_PATH}/approve"]


def test_a_status_shows_that_a_job_waits(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not go on by itself."""
    assert api.answers
    main(["status", _ID, "--json"])

    assert json.loads(capsys.readouterr().out)["phase"] == "quoted"


def test_a_wait_for_want_of_credits_says_so() -> None:
    """Who approves such a job without buying any gets a refusal."""
    approval = {"reason": "approve_beyond_credits", "until": "2026-11-25T10:00:00Z"}

    assert approval_text(approval, UTC).plain == (
        "waits for approval until 2026-11-25 10:00:00 UTC: it needs more credits than "
        "are left"
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "about 3 credits; AWS about 0.002 USD"),
        ({"credits_needed": None, "aws_usd": None}, ""),
        ({"credits_left": 1250}, "about 3 credits, 1,250 left; AWS about 0.002 USD"),
        ({"credits_left": 0}, "about 3 credits, 0 left; AWS about 0.002 USD"),
        ({"credits_left": None}, "about 3 credits; AWS about 0.002 USD"),
        (
            {"expected_seconds": 750},
            "about 3 credits; AWS about 0.002 USD; done in about 12 min",
        ),
        (
            {"expected_seconds": None},
            "about 3 credits; AWS about 0.002 USD",
        ),
    ],
)
def test_a_cost_says_what_is_known(changes: dict[str, Any], text: str) -> None:
    """A quote of an earlier release has no cost."""
    assert cost_text({**_QUOTE, **changes}).plain == text
