"""Job ids are taken as people copy them: with spaces, or only their first digits."""

import hashlib
from collections.abc import Callable, Iterator

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

Run = Callable[..., tuple[int, str, str]]
_IDS = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(200)]
#: Two ids that differ only behind their eleventh digit.
_TWINS = [f"{'0123456789a'}{digit * 53}" for digit in "bc"]
_VERBS = ("status", "results", "cancel", "retry")


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    """Serve an API whose every list has these jobs, and goes on."""
    with ScriptedServer.started() as server:
        server.answer_all(Answer.json(JOB))
        listed = [{**JOB, "job_id": job_id} for job_id in (*_IDS, *_TWINS)]
        server.answers["/jobs"] = Answer.json({"jobs": listed, "next": "more"})
        empty = {"manifest": {"files": [], "rows": {}}, "links": []}
        server.answers[f"/jobs/{_IDS[7]}/results"] = Answer.json(empty)
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
    """Tables show twelve, and nobody types sixty-four."""
    code, _, _ = run(verb, _IDS[7][:digits])

    assert code == ExitCode.DONE
    assert api.requests[-1][0].startswith(f"/jobs/{_IDS[7]}")


@pytest.mark.parametrize("text", [" {} ", "\t{}\n", "{}…", "{}..."])
@pytest.mark.parametrize("digits", [12, 64])
def test_copied_digits_are_trimmed(
    api: ScriptedServer, run: Run, text: str, digits: int
) -> None:
    """A double click in a terminal takes more than the id."""
    code, _, _ = run("status", text.format(_IDS[7][:digits].upper()))

    assert code == ExitCode.DONE
    assert api.requests[-1][0] == f"/jobs/{_IDS[7]}"


def test_a_whole_id_is_not_looked_up(api: ScriptedServer, run: Run) -> None:
    """The job may be older than all that a list shows."""
    run("status", "f" * 64)

    assert [path for path, _ in api.requests] == [f"/jobs/{'f' * 64}"]


def test_digits_of_several_jobs_are_not_enough(api: ScriptedServer, run: Run) -> None:
    """The wrong job would be cancelled."""
    code, out, notes = run("cancel", _TWINS[0][:11])

    assert (code, out) == (ExitCode.MISUSED, "")
    assert f"2 jobs begin with {_TWINS[0][:11]}" in notes
    assert _TWINS[0] in notes
    assert _TWINS[1] in notes
    assert {path for path, _ in api.requests} == {"/jobs"}


def test_a_search_ends_and_says_how_far_it_went(api: ScriptedServer, run: Run) -> None:
    """A list of years would be read for a typo."""
    code, _, notes = run("status", "0" * 12)

    assert code == ExitCode.MISUSED
    assert "none of the newest 2,020 jobs begins with 000000000000" in notes
    assert len(api.requests) == 10
