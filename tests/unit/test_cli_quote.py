"""The command line says what is sent of a list, before and after it is verified."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.texts import quote_text

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_QUOTE: dict[str, Any] = {
    "records": 12,
    "blank": 1,
    "duplicates": 2,
    "not_sent": {},
    "to_send": 9,
    "header": None,
    "notes": [],
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve an API, to which the command line is connected."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        yield server


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "12 records: 9 to send, 2 duplicates, 1 blank"),
        (
            {"remembered": 7, "to_send": 2},
            "12 records: 2 to send, 7 remembered, 2 duplicates, 1 blank",
        ),
        (
            {"remembered": 9, "to_send": 0},
            "12 records: 9 remembered, 2 duplicates, 1 blank",
        ),
        ({"duplicates": 1, "blank": 0}, "12 records: 9 to send, 1 duplicate"),
        ({"uploads": 3}, "12 records: 9 to send in 3 uploads, 2 duplicates, 1 blank"),
        (
            {"records": 1, "to_send": 1, "duplicates": 0, "blank": 0},
            "1 record: 1 to send",
        ),
        (
            {"not_sent": {"it has no @": 1200}, "blank": 0, "duplicates": 0},
            "12 records: 9 to send, 1,200 not sent (it has no @)",
        ),
        (
            {"header": "E-Mail\x1b", "notes": ["read as Windows-1252"]},
            (
                "12 records: 9 to send, 2 duplicates, 1 blank; header E-Mail\\x1b; "
                "read as Windows-1252"
            ),
        ),
    ],
)
def test_a_quote_is_one_line(changes: dict[str, Any], text: str) -> None:
    """Numbers that are zero are left out; a header is text from outside."""
    assert quote_text({**_QUOTE, **changes}).plain == text


@pytest.mark.parametrize("option", [(), ("--wait",)])
def test_a_job_is_shown_with_its_quote(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    """It says for how many values somebody pays."""
    api.answer_all(Answer.json({**JOB, "quote": _QUOTE}))

    main(["status", _ID, *option])

    assert "list\t12 records: 9 to send" in capsys.readouterr().out


def test_a_job_of_an_earlier_release_has_no_quote(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client and the deployment need not be of the same release."""
    api.answer_all(Answer.json(JOB))

    main(["status", _ID])

    assert "records" not in capsys.readouterr().out


@pytest.mark.parametrize("keep", [(), ("--keep",)])
def test_a_quote_says_why_its_job_is_cancelled(
    api: ScriptedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    keep: tuple[str, ...],
) -> None:
    """The word alone looks like a failure."""
    file = tmp_path / "my.csv"
    file.write_text("a@b.example")
    form = {"url": f"{api.url}/s3", "fields": {}, "max_bytes": 99, "key": "k"}
    api.answers["/uploads"] = Answer.json(form)
    api.answers["/s3"] = Answer(status=204, headers={"x-amz-version-id": "1"})
    approval = {"until": "2026-11-29T10:00:00.000Z"}
    waiting = {**JOB, "outcome": None, "quote": _QUOTE, "approval": approval}
    api.answers["/jobs"] = Answer.json(waiting)
    ended = {**waiting, "outcome": "cancelled", "approval": None}
    api.answers[f"/jobs/{_ID}/cancel"] = Answer.json(ended)

    assert main(["quote", str(file), "--type=email", *keep]) == ExitCode.DONE

    printed = capsys.readouterr()
    assert ("Nothing was sent" in printed.err) != bool(keep)
    assert ("state\tcancelled" in printed.out) != bool(keep)
