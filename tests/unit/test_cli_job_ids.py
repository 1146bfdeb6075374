"""Job ids are taken as people copy them: with spaces, or only their first digits."""

import hashlib
from collections.abc import Callable, Iterator

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

Run = Callable[..., tuple[int, str, str]]
_ID = hashlib.sha256(b"7").hexdigest()
_VERBS = ("status", "results", "cancel", "retry")


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    """Serve an API that knows every job."""
    with ScriptedServer.started() as server:
        server.answer_all(Answer.json({**JOB, "job_id": _ID}))
        empty = {"manifest": {"files": [], "rows": {}}, "links": []}
        for digits in (8, 12, 20):
            server.answers[f"/jobs/{_ID[:digits]}/results"] = Answer.json(empty)
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

    def run_command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_command


@pytest.mark.parametrize("verb", _VERBS)
@pytest.mark.parametrize("digits", [8, 12, 20])
def test_every_command_takes_the_first_digits(
    api: ScriptedServer, run: Run, verb: str, digits: int
) -> None:
    """Tables show twelve, and nobody types sixty-four; the API finds the job."""
    code, _, _ = run(verb, _ID[:digits])

    assert code == ExitCode.DONE
    (path,) = {path for path, _ in api.requests}
    assert path.removesuffix(f"/{verb}") == f"/jobs/{_ID[:digits]}"


@pytest.mark.parametrize("text", [" {} ", "\t{}\n", "{}…", "{}..."])
@pytest.mark.parametrize("digits", [12, 64])
def test_copied_digits_are_trimmed(
    api: ScriptedServer, run: Run, text: str, digits: int
) -> None:
    """A double click in a terminal takes more than the id."""
    code, _, _ = run("status", text.format(_ID[:digits].upper()))

    assert code == ExitCode.DONE
    assert api.requests[-1][0] == f"/jobs/{_ID[:digits]}"


@pytest.mark.parametrize("verb", _VERBS)
def test_digits_of_several_jobs_are_not_enough(
    api: ScriptedServer, run: Run, verb: str
) -> None:
    """The wrong job would be cancelled; the API says which jobs there are."""
    problem = {"title": "Several jobs begin with these digits.", "detail": "Such as …"}
    api.answers.clear()
    api.answer_all(Answer.json(problem, status=409))

    code, out, notes = run(verb, _ID[:11])

    assert (code, out) == (ExitCode.REFUSED, "")
    assert "Several jobs begin with these digits. Such as …" in notes


def test_a_job_that_is_waited_for_is_looked_up_once(
    api: ScriptedServer, run: Run
) -> None:
    """A search reads many jobs; afterwards the whole id is known."""
    running = {**JOB, "job_id": _ID, "outcome": None, "phase": "running"}
    api.answers[f"/jobs/{_ID[:8]}"] = Answer.json(running)

    code, _, _ = run("status", _ID[:8], "--wait")

    assert code == ExitCode.DONE
    assert [path for path, _ in api.requests] == [f"/jobs/{_ID[:8]}", f"/jobs/{_ID}"]
