"""The command line client against the whole stack, as a person types it."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.commands import Exit

from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner

Typed = Callable[..., tuple[int, str, str]]
_ROOT = Path(__file__).parents[2]
_SOMEBODY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def typed(
    stack: LocalStack,
    courier: JobRunner,  # noqa: ARG001 - resets the provider
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Give a way to type a command: its exit code, output and notes come back."""
    record = tmp_path / "stack.json"
    record.write_text(json.dumps({"shown": {"ApiUrl": stack.api_url}}))
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", record)
    monkeypatch.setattr("verdict_courier.cli.commands._LOOK_SECONDS", 0.05)
    monkeypatch.setenv("COLUMNS", "200")

    def type_(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a list to verify."""
    path = tmp_path / "my.csv"
    path.write_bytes(sample.emails(12))
    return path


def read(out: str) -> Any:  # noqa: ANN401 - any JSON
    """Read what a script would."""
    return json.loads(out)


def test_a_list_goes_in_and_verdicts_come_out(
    typed: Typed, file: Path, tmp_path: Path
) -> None:
    """Two commands, and the files are in a folder."""
    code, out, _ = typed("submit", file, "--type", "email", "--wait", "--json")
    job = read(out)
    assert (code, job["outcome"]) == (Exit.DONE, "succeeded")

    code, out, _ = typed(
        "results", job["job_id"], "--download", tmp_path / "out", "--json"
    )

    assert code == Exit.DONE
    for saved in read(out):
        assert Path(saved["place"]).stat().st_size == saved["bytes"]


def test_a_person_reads_words(typed: Typed, file: Path) -> None:
    """Tables for people, JSON for scripts."""
    _, out, _ = typed("submit", file, "--type", "email", "--wait", "--json")
    job_id = read(out)["job_id"]

    _, status, _ = typed("status", job_id)
    _, listed, _ = typed("list", "--limit", "1")
    _, results, _ = typed("results", job_id)

    assert "succeeded" in status
    assert "succeeded" in listed
    assert "all" in results


def test_a_refusal_is_told_with_its_reason(typed: Typed) -> None:
    """Exit code 3, and the words of the problem."""
    code, out, notes = typed("status", "0" * 64)

    assert code == Exit.REFUSED
    assert not out
    assert "There is no such job." in notes


def test_a_job_without_results_is_an_exit_code(typed: Typed, tmp_path: Path) -> None:
    """A script must not need to read words."""
    empty = tmp_path / "empty.csv"
    empty.write_text("email\n")

    code, out, _ = typed("submit", empty, "--type", "email", "--wait", "--json")

    assert (code, read(out)["error"]["name"]) == (Exit.NO_RESULTS, "SourceEmpty")


def test_a_running_job_is_cancelled_and_cannot_be_twice(
    typed: Typed, file: Path, courier: JobRunner
) -> None:
    """The second time it has ended."""
    courier.stack.ipqs.behave(seconds_processing=1e9)
    courier.stack.emulator.set_wait_scale(1.0)
    try:
        _, out, _ = typed("submit", file, "--type", "email", "--json")
        job_id = read(out)["job_id"]
        code, out, _ = typed("cancel", job_id, "--json")
        again, _, _ = typed("cancel", job_id)
    finally:
        courier.stack.emulator.set_wait_scale(0.0)

    assert (code, read(out)["outcome"]) == (Exit.DONE, "cancelled")
    assert again == Exit.REFUSED


def test_a_failed_job_is_retried(typed: Typed, file: Path, courier: JobRunner) -> None:
    """What stopped it is mended, and it goes on."""
    courier.stack.ipqs.behave(statuses=("ERROR",))
    _, out, _ = typed("submit", file, "--type", "email", "--wait", "--json")
    failed = read(out)
    assert failed["outcome"] == "failed"
    courier.stack.ipqs.behave(statuses=())

    code, out, _ = typed("retry", failed["job_id"], "--wait", "--json")

    assert (code, read(out)["outcome"]) == (Exit.DONE, "succeeded")
    assert len(courier.stack.ipqs.csvs) == 1


def test_without_a_stack_it_says_how_to_start_one(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first thing that a newcomer meets."""
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", tmp_path / "none.json")

    code, _, notes = typed("list")

    assert code == Exit.UNREACHABLE
    assert "make up" in notes


def test_completion_is_a_script(typed: Typed) -> None:
    """`eval "$(courier completion)"` in a shell's start file."""
    code, out, _ = typed("completion")

    assert code == Exit.DONE
    assert "complete -F _courier courier" in out
    assert "submit" in out


def test_jobs_are_watched_one_look_at_a_time(typed: Typed, file: Path) -> None:
    """Into a pipe, a look is all that there is, `--once` or not."""
    _, out, _ = typed("submit", file, "--type", "email", "--wait", "--json")
    job_id = read(out)["job_id"]

    code, table, _ = typed("watch", "--limit", "1")
    _, document, _ = typed("watch", "--once", "--limit", "1", "--json")

    assert code == Exit.DONE
    assert job_id[:12] in table
    assert "succeeded" in table
    (job,) = read(document)
    assert job["timeline"]["checks"]


def test_the_page_of_the_local_stack_is_there_already(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`make up` serves it; the command says where."""
    record = tmp_path / "page.json"
    record.write_text('{"shown": {"ApiUrl": "x"}, "page": "http://127.0.0.1:1/k/"}')
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", record)

    code, out, _ = typed("page")

    assert (code, out) == (Exit.DONE, "http://127.0.0.1:1/k/\n")


def test_an_api_without_tls_is_not_called(typed: Typed) -> None:
    """What it answers would be read on the way."""
    code, out, notes = typed("watch", "--url", "http://example.com")

    assert code == Exit.UNREACHABLE
    assert not out
    assert "https://" in notes


def test_a_page_of_any_api_is_served_until_it_is_ended() -> None:
    """Ctrl-C is how one leaves, and no failure."""
    command = [sys.executable, "-m", "local.courier", "page", "--url"]
    with subprocess.Popen(
        [*command, "https://127.0.0.1:9/prod"],
        cwd=_ROOT,
        env={**os.environ, **_SOMEBODY},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        with urlopen(f"{address}data", timeout=10) as answer:  # noqa: S310 - our own server
            seen = json.load(answer)
        serving.send_signal(signal.SIGINT)

    assert serving.returncode == Exit.DONE
    assert seen["where"] == "https://127.0.0.1:9/prod"
    assert "No answer from the API" in seen["trouble"]


def test_a_terminal_is_kept_up_to_date(
    typed: Typed, file: Path, stack: LocalStack
) -> None:
    """A job that comes while one watches comes into the table."""
    ours, theirs = pty.openpty()
    watching = subprocess.Popen(
        [sys.executable, "-m", "local.courier", "watch", "--stage=any", "--every=0.1"],
        cwd=_ROOT,
        env={**os.environ, **_SOMEBODY, "COURIER_API_URL": stack.api_url}
        | {"TERM": "xterm", "COLUMNS": "160", "LINES": "40"},
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    try:
        until(ours, "timeline")
        _, out, _ = typed("submit", file, "--type", "email", "--json")
        until(ours, read(out)["job_id"][:12])
    finally:
        watching.send_signal(signal.SIGINT)
        code = watching.wait()
        os.close(ours)

    assert code == Exit.DONE


def until(terminal: int, word: str) -> None:
    """Read a terminal until a word appears; the test's time-out ends what does not."""
    shown = ""
    while word not in shown:
        shown += os.read(terminal, 4096).decode(errors="replace")
