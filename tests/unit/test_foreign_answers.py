"""The client trusts no answer: it follows nothing, and prints no control character."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from verdict_courier import api_client
from verdict_courier.api_client import ApiClient, ApiUnreachable, upload
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.texts import printable

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

Run = Callable[..., tuple[int, str, str]]
_ID = "0" * 64
_HTML = {"Content-Type": "text/html"}
_JSON = {"Content-Type": "application/json"}
#: Clears the screen, sets the window's title, reverses the order of letters.
_HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202etxt\x9b31m[red]x[/] \r\n"


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    """Serve the answers of an API."""
    with ScriptedServer.started() as server:
        yield server


@pytest.fixture
def run(
    api: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Return a function that runs a command; it returns exit code, output and notes."""
    client = ApiClient.local(api.url)
    monkeypatch.setattr("verdict_courier.cli.__main__.connect", lambda *_, **__: client)
    monkeypatch.setenv("COLUMNS", "300")

    def run_command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_command


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_followed(api: ScriptedServer, run: Run, status: int) -> None:
    """Our signature would go to whoever the answer names."""
    with ScriptedServer.started() as elsewhere:
        elsewhere.answer_all(Answer.json(JOB))
        location = {"Location": f"{elsewhere.url}/jobs/{_ID}"}
        api.answer_all(Answer(status=status, headers=location))

        code, out, notes = run("status", _ID)

        assert elsewhere.requests == []
    assert (code, out) == (ExitCode.UNREACHABLE, "")
    assert "a redirect, which is not followed" in notes


def test_an_upload_is_not_sent_to_where_s3_redirects(
    api: ScriptedServer, tmp_path: Path
) -> None:
    """After a 307 the whole file would be sent again, to whoever is named."""
    file = tmp_path / "list.csv"
    file.write_bytes(b"email\n")
    with ScriptedServer.started() as elsewhere:
        elsewhere.answer_all(Answer())
        location = {"Location": elsewhere.url}
        api.answers["/s3"] = Answer(status=307, headers=location)

        with pytest.raises(ApiUnreachable):
            upload({"url": f"{api.url}/s3", "fields": {}}, file)

        assert elsewhere.requests == []


@pytest.mark.parametrize("url", ["http://198.51.100.7/x", "http://api.example/x"])
def test_nothing_is_sent_unencrypted_to_another_machine(url: str) -> None:
    """Forms and links come from answers, and the API's address from a variable."""
    with pytest.raises(ApiUnreachable, match="only https"):
        ApiClient.local(url).call("GET", "/jobs")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=[b"<html>Sign in"], headers=_HTML), id="a page"),
        pytest.param(
            Answer(body=[b"<html>Bad gateway"], status=502, headers=_HTML),
            id="a proxy's error",
        ),
        pytest.param(Answer(body=[b"<html>"], headers=_JSON), id="HTML called JSON"),
        pytest.param(Answer(body=[b'{"job_id": "0'], headers=_JSON), id="cut JSON"),
        pytest.param(Answer(body=[b"\xff\xfe{"], headers=_JSON), id="no UTF-8"),
        pytest.param(
            Answer(body=[b"[" * 200_000], headers=_JSON), id="JSON without an end"
        ),
        pytest.param(Answer.json([JOB]), id="a list"),
        pytest.param(Answer.json({"ok": True}), id="another object"),
        pytest.param(Answer(body=[json.dumps(JOB).encode()]), id="no content type"),
        pytest.param(
            Answer(
                body=[json.dumps(JOB).encode()], headers={"Content-Type": "text/plain"}
            ),
            id="another content type",
        ),
        pytest.param(Answer(status=204), id="nothing"),
        pytest.param(Answer.json(["no"], status=403), id="an error that is a list"),
        pytest.param(
            Answer(body=[b'{"job'], headers={**_JSON, "Content-Length": "99"}),
            id="a cut answer",
        ),
    ],
)
def test_an_answer_that_is_not_the_apis_is_said_so(
    api: ScriptedServer, run: Run, answer: Answer
) -> None:
    """A traceback says nothing about the proxy that answered."""
    api.answer_all(answer)

    code, out, notes = run("status", _ID)

    assert (code, out) == (ExitCode.UNREACHABLE, "")
    assert len(notes.splitlines()) == 1
    assert "not the API's" in notes or "broke off" in notes


def test_an_endless_answer_is_not_read_to_its_end(
    api: ScriptedServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fill the memory."""
    monkeypatch.setattr(api_client, "_MAX_DOCUMENT_BYTES", 100_000)
    endless = iter(lambda: b" " * 10_000, b"")
    api.answer_all(Answer(body=endless, headers=_JSON))

    code, _, notes = run("status", _ID)

    assert code == ExitCode.UNREACHABLE
    assert "too long" in notes


@pytest.mark.parametrize("errors", [None, [], [{"detail": "d"}], [{"pointer": "/p"}]])
def test_a_refusal_is_printed_whatever_it_lacks(
    api: ScriptedServer, run: Run, errors: object
) -> None:
    """API Gateway has answers of its own."""
    api.answer_all(Answer.json({"title": "No.", "errors": errors}, status=400))

    code, _, notes = run("status", _ID)

    assert code == ExitCode.REFUSED
    assert "No." in notes


def test_an_error_without_a_title_has_its_status(api: ScriptedServer, run: Run) -> None:
    """AWS says just `Forbidden` where a signature is refused."""
    api.answer_all(Answer.json({"message": "Forbidden"}, status=403))

    code, _, notes = run("status", _ID)

    assert code == ExitCode.REFUSED
    assert "HTTP 403" in notes


def hostile_job() -> dict[str, Any]:
    """Return a job whose every text has control characters and markup."""
    hostile = dict.fromkeys(("provider", "type", "outcome", "verdict"), _HOSTILE)
    error = {"name": _HOSTILE, "advice": _HOSTILE}
    links = {"self": _HOSTILE, "execution": _HOSTILE}
    return {**JOB, **hostile, "job_id": _HOSTILE, "error": error, "links": links}


@pytest.mark.parametrize(
    "command",
    [
        ("status", _ID),
        ("cancel", _ID),
        ("list",),
        ("watch", "--once"),
        ("results", _ID),
    ],
    ids=lambda words: words[0],
)
def test_control_characters_are_printed_as_escapes(
    api: ScriptedServer, run: Run, command: tuple[str, ...]
) -> None:
    """A file's name must not clear the screen, nor look like another name."""
    job = hostile_job()
    api.answers[f"/jobs/{_ID}"] = Answer.json(job)
    api.answers["/jobs"] = Answer.json({"jobs": [job], "next": None})
    file = {"kind": _HOSTILE, "key": "a/x.csv", "rows": _HOSTILE, "bytes": "0"}
    file["sha256"] = _HOSTILE
    manifest = {"files": [file], "rows": {"verdict": _HOSTILE}}
    links = [{"kind": _HOSTILE, "href": _HOSTILE}]
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(
        {"manifest": manifest, "links": links}
    )
    api.answer_all(Answer.json({"title": _HOSTILE, "detail": _HOSTILE}, status=409))

    _, out, notes = run(*command)

    shown = (out + notes).replace("\t", "")  # between the values of a line
    assert all(character.isprintable() for character in shown.replace("\n", ""))
    assert "\\x1b[2J" in shown
    if command != ("cancel", _ID):
        assert "[red]x[/]" in shown


def test_json_stays_json(api: ScriptedServer, run: Run) -> None:
    """Scripts get what the API said, with JSON's own escapes."""
    api.answer_all(Answer.json(hostile_job()))

    _, out, _ = run("status", _ID, "--json")

    assert json.loads(out) == hostile_job()
    assert all(character.isprintable() for character in out.replace("\n", ""))


def test_names_that_people_write_are_printed_as_they_are() -> None:
    """Only what a terminal obeys is escaped."""
    assert printable("Müller हिन्दी 😀.csv") == "Müller हिन्दी 😀.csv"
    assert printable("a\tb\x00\u2028") == r"a\tb\x00\u2028"
