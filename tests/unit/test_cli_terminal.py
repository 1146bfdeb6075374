"""The command line ends with a sentence, whatever terminal or pipe it writes to."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_ROOT = Path(__file__).parents[2]
_COURIER = (sys.executable, "-m", "verdict_courier.cli")
_JSON = {"Content-Type": "application/json"}
_RUNNING = {**JOB, "outcome": None, "phase": "running"}
_TIMELINE: dict[str, object] = {"entries": [], "checks": [], "ended_at": None}
_HOLD = {"error": "OutOfCredits", "since": "2026-11-22T10:00:00.000Z", "advice": "…"}


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    """Serve an API with one running job."""
    with ScriptedServer.started() as server:
        server.answer_all(Answer.json(_RUNNING))
        server.answers["/jobs"] = Answer.json({"jobs": [_RUNNING], "next": None})
        server.answers[f"/jobs/{_ID}/timeline"] = Answer.json(_TIMELINE)
        yield server


def environment(api: ScriptedServer, **more: str) -> dict[str, str]:
    """Return the variables of a process that speaks to the API."""
    return {
        **{n: v for n, v in os.environ.items() if not n.startswith(("LC_", "PYTHON"))},
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "COURIER_API_URL": api.url,
        "PYTHONPATH": str(_ROOT / "client"),
        **more,
    }


class HeldBack:
    """The body of answers: the first one is whole, the others stop after a byte.

    The client is then known to wait for the rest, and not to be in the midst of a step
    of a library that cannot be interrupted.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._whole = json.dumps(document).encode()
        self._is_first = True
        self.held, self.ended = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        if self._is_first:
            self._is_first = False
            yield self._whole
            return
        yield self._whole[:1]
        self.held.set()
        self.ended.wait()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_ctrl_c_while_waiting_names_the_job_and_how_to_go_on(
    api: ScriptedServer, more: tuple[str, ...]
) -> None:
    """The job goes on, and its id is nowhere else if the file was just submitted."""
    body = HeldBack(_RUNNING)
    api.answer_all(Answer(body=body, headers=_JSON))
    with subprocess.Popen(
        [*_COURIER, "--stage=any", "status", _ID, "--wait", *more],
        env=environment(api),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        try:
            assert body.held.wait(timeout=30)
            waiting.send_signal(signal.SIGINT)
            out, notes = waiting.communicate(timeout=30)
        finally:
            body.ended.set()
            waiting.kill()

    assert waiting.returncode == ExitCode.INTERRUPTED
    assert not out
    assert notes.splitlines() == [
        f"Stopped waiting; the job goes on: {_ID}",
        f"courier status {_ID} --wait --stage any",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("submit", "my.csv", "--type=email"), ExitCode.INTERRUPTED, "is not known"),
        (("cancel", _ID), ExitCode.INTERRUPTED, "`courier list` shows the jobs"),
        (("status", _ID), ExitCode.INTERRUPTED, "Interrupted."),
        (("watch", "--once"), ExitCode.DONE, "the jobs go on"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_ctrl_c_during_a_call_says_what_is_known(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    code: ExitCode,
    said: str,
) -> None:
    """What was sent may have been carried out."""

    class Interrupted(ApiClient):
        def call(self, *_: object, **__: object) -> None:
            raise KeyboardInterrupt

    client = Interrupted.local("http://127.0.0.1:9")
    monkeypatch.setattr("verdict_courier.cli.__main__.connect", lambda *_, **__: client)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.csv").write_text("email\n")

    assert main(words) == code

    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("watch",),
        ("status", _ID),
        ("list", "--json"),
        ("completion", "bash"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_closed_pipe_ends_the_command_quietly(
    api: ScriptedServer, words: tuple[str, ...]
) -> None:
    """`courier list | head -1` has got what it asked for."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [*_COURIER, "--stage=any", *words],
            env=environment(api),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)

    assert (ended.returncode, ended.stderr) == (ExitCode.OUTPUT_CLOSED, "")


_ASCII = {"PYTHONIOENCODING": "ascii:strict"}


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (("list",), _ASCII),
        (("watch", "--once"), _ASCII),
        (("status", _ID), _ASCII),
        (("submit", "…"), _ASCII),
        (("--help",), {"PYTHONIOENCODING": "latin-1"}),
        (("list",), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
    ids=str,
)
def test_a_terminal_without_our_characters_gets_others(
    api: ScriptedServer, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    """A traceback hides whether the command was carried out."""
    job = {**_RUNNING, "hold": _HOLD, "type": "प्रकार"}
    api.answer_all(Answer.json(job))
    api.answers["/jobs"] = Answer.json({"jobs": [job, _RUNNING], "next": None})

    ended = subprocess.run(
        [*_COURIER, "--stage=any", *words],
        env=environment(api, **variables),
        capture_output=True,
        check=False,
    )

    assert b"Traceback" not in ended.stderr
    is_wrong = words[0] == "submit"
    assert ended.returncode == (ExitCode.MISUSED if is_wrong else ExitCode.DONE)
    if words[0] == "list":
        assert b"\\u092a" in ended.stdout
