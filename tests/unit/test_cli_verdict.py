"""The command line says whether rows may be missing, to people and to scripts."""

import json
from collections.abc import Iterator

import pytest
from verdict_courier import api_description
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from functions.core.rows import RowsVerdict
from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve an API, to which the command line is connected."""
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        monkeypatch.setattr(
            "verdict_courier.cli.__main__.connect", lambda *_, **__: client
        )
        monkeypatch.setenv("COLUMNS", "200")
        yield server


def serve(api: ScriptedServer, verdict: str | None) -> None:
    """Serve a job that has succeeded with a verdict, and its results."""
    job = {**JOB, "verdict": verdict}
    api.answer_all(Answer.json(job))
    api.answers["/jobs"] = Answer.json({"jobs": [job], "next": None})
    manifest = {"files": [], "rows": {"verdict": verdict}}
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(
        {"manifest": manifest, "links": []}
    )


def test_the_client_knows_every_verdict() -> None:
    """A word without a meaning helps nobody."""
    schema = api_description.document()["components"]["schemas"]["Job"]
    described = set(schema["properties"]["verdict"]["enum"]) - {None}

    assert set(api_description.VERDICTS) == described
    assert described == set(RowsVerdict) - {RowsVerdict.NONE}
    assert api_description.COMPLETE == RowsVerdict.COMPLETE


@pytest.mark.parametrize(
    "command", [("status", _ID), ("status", _ID, "--wait"), ("results", _ID)]
)
@pytest.mark.parametrize("verdict", api_description.VERDICTS)
def test_a_verdict_has_a_text_and_an_exit_code(
    api: ScriptedServer,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    verdict: str,
) -> None:
    """Whoever only looks at the outcome would take the results for all of them."""
    serve(api, verdict)

    code = main(command)

    complete = verdict == api_description.COMPLETE
    assert code == (ExitCode.DONE if complete else ExitCode.ROWS_UNPROVEN)
    out = capsys.readouterr().out
    assert f"{verdict}: {api_description.VERDICTS[verdict]}" in out


def test_a_script_that_reads_json_hears_of_a_bad_verdict(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of results has no verdict: the note is on the error stream."""
    serve(api, "contradictory")

    code = main(["results", _ID, "--json"])

    printed = capsys.readouterr()
    assert (code, json.loads(printed.out)) == (ExitCode.ROWS_UNPROVEN, [])
    assert "contradictory" in printed.err


@pytest.mark.parametrize("command", [("list",), ("watch", "--once")])
def test_a_list_of_jobs_shows_bad_verdicts(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """An operator looks at the list first."""
    serve(api, "unaccounted")
    timeline: dict[str, object] = {"entries": [], "checks": [], "ended_at": None}
    api.answers[f"/jobs/{_ID}/timeline"] = Answer.json(timeline)

    assert main(command) == ExitCode.DONE
    assert "succeeded, rows unaccounted" in capsys.readouterr().out


@pytest.mark.parametrize("verdict", [None, "missing"])
def test_a_job_of_an_earlier_release_has_no_verdict(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str], verdict: str | None
) -> None:
    """Neither has a stack that was not updated: the client works with both."""
    serve(api, None)
    if verdict == "missing":
        api.answer_all(Answer.json({n: v for n, v in JOB.items() if n != "verdict"}))

    assert main(["status", _ID]) == ExitCode.DONE
    assert "verdict" not in capsys.readouterr().out


def test_the_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """A script's author looks there."""
    with pytest.raises(SystemExit):
        main(["--help"])

    text = " ".join(capsys.readouterr().out.split())
    for code in ExitCode:
        assert f"{int(code)} " in text.partition("Exit codes:")[2]
