"""The command line client against the whole stack."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from verdict_courier.cli.exit_codes import ExitCode

from local import sample
from local.stack import LocalStack
from tests.integration.harness import JobRunner, Run

_ROOT = Path(__file__).parents[2]
_COURIER = [sys.executable, "-m", "verdict_courier.cli"]
_ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "PYTHONPATH": str(_ROOT / "client"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a list to verify."""
    path = tmp_path / "my.csv"
    path.write_bytes(sample.emails(12))
    return path


def read(out: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse the output as a script would."""
    return json.loads(out)


def test_a_list_is_submitted_and_its_results_downloaded(
    run: Run, file: Path, tmp_path: Path
) -> None:
    """Two commands are enough for the main job."""
    code, out, _ = run("submit", file, "--type", "email", "--wait", "--json")
    job = read(out)
    assert (code, job["outcome"]) == (ExitCode.DONE, "succeeded")

    code, out, _ = run(
        "results", job["job_id"], "--download", tmp_path / "out", "--json"
    )

    assert code == ExitCode.DONE
    for saved in read(out):
        assert Path(saved["place"]).stat().st_size == saved["bytes"]


def test_people_read_text(run: Run, file: Path) -> None:
    """Tables for people, JSON for scripts."""
    _, out, _ = run("submit", file, "--type", "email", "--wait", "--json")
    job_id = read(out)["job_id"]

    _, status, _ = run("status", job_id)
    _, listed, _ = run("list", "--limit", "1")
    _, results, _ = run("results", job_id)

    assert "succeeded" in status
    assert "succeeded" in listed
    assert "all" in results


def test_a_refusal_is_printed_with_its_reason(run: Run) -> None:
    """With exit code 3 and the title of the problem."""
    code, out, notes = run("status", "0" * 64)

    assert code == ExitCode.REFUSED
    assert not out
    assert "There is no such job." in notes


def test_a_job_without_results_has_an_exit_code(run: Run, tmp_path: Path) -> None:
    """A script must not need to read text."""
    empty = tmp_path / "empty.csv"
    empty.write_text("email\n")

    code, out, _ = run("submit", empty, "--type", "email", "--wait", "--json")

    assert (code, read(out)["error"]["name"]) == (ExitCode.NO_RESULTS, "SourceEmpty")


def test_what_is_sent_is_said_while_it_is_verified(run: Run, tmp_path: Path) -> None:
    """Who sees the wrong number can still cancel the job."""
    file = tmp_path / "list.csv"
    file.write_text("Mail,Name\na@b.example,A\nA@b.example,B\n,\nnobody,C\n")

    code, _, notes = run("submit", file, "--type", "email", "--wait")

    assert code == ExitCode.DONE
    assert "4 records: 1 to send, 1 duplicate, 1 blank, 1 not sent (it" in notes


def test_rows_that_may_be_missing_have_an_exit_code(
    run: Run, runner: JobRunner, tmp_path: Path
) -> None:
    """A script must not need to read the manifest."""
    file = tmp_path / "list.csv"
    file.write_bytes(sample.emails(12))
    runner.lose_rows()

    code, out, _ = run("submit", file, "--type", "email", "--wait", "--json")
    again, text, _ = run("results", read(out)["job_id"])

    assert (code, read(out)["verdict"]) == (ExitCode.ROWS_UNPROVEN, "unaccounted")
    assert (again, code) == (ExitCode.ROWS_UNPROVEN, ExitCode.ROWS_UNPROVEN)
    assert "unaccounted: fewer rows came back" in text


@pytest.mark.usefixtures("slow")
def test_a_running_job_can_be_cancelled_once(run: Run, file: Path) -> None:
    """The second time it has ended."""
    _, out, _ = run("submit", file, "--type", "email", "--json")
    job_id = read(out)["job_id"]
    code, out, _ = run("cancel", job_id, "--json")
    again, _, _ = run("cancel", job_id)

    assert (code, read(out)["outcome"]) == (ExitCode.DONE, "cancelled")
    assert again == ExitCode.REFUSED


def test_a_failed_job_is_retried(run: Run, file: Path, runner: JobRunner) -> None:
    """When its cause is repaired, the job continues."""
    runner.stack.ipqs.behave(statuses=("ERROR",))
    _, out, _ = run("submit", file, "--type", "email", "--wait", "--json")
    failed = read(out)
    assert failed["outcome"] == "failed"
    runner.stack.ipqs.behave(statuses=())

    code, out, _ = run("retry", failed["job_id"], "--wait", "--json")

    assert (code, read(out)["outcome"]) == (ExitCode.DONE, "succeeded")
    assert len(runner.stack.ipqs.csvs) == 1


def test_the_log_lines_of_a_job_are_read(run: Run, file: Path) -> None:
    """They explain what a state cannot, without a console of AWS."""
    _, out, _ = run("submit", file, "--type", "email", "--wait", "--json")
    job_id = read(out)["job_id"]

    code, out, _ = run("logs", job_id[:12])

    lines = [line.split("\t") for line in out.splitlines()]
    assert code == ExitCode.DONE
    assert "submitted" in {message for _, _, _, message, _ in lines}
    assert lines == sorted(lines, key=lambda line: line[0])


def test_a_doctor_sees_all_parts_of_the_stack(run: Run, stack: LocalStack) -> None:
    """A fault in one of them is the next question of whoever sees none of his jobs."""
    sqs = stack.emulator.client("sqs")
    for name, queue in stack.outputs.items():
        if name.endswith("DeadLetterQueueUrl"):
            sqs.purge_queue(QueueUrl=queue)

    code, out, _ = run("doctor", "--json")

    findings = {f["what"]: f for f in map(read, out.splitlines())}
    assert code == ExitCode.DONE, out
    assert findings.keys() >= {"client", "API", "IntakeQueue", "DeadLetterQueue"}
    assert findings["secret IpqsSecretArn"]["seen"] == "has api_key"


def test_without_a_stack_it_names_the_command_that_starts_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is the first error that a new user sees."""
    monkeypatch.setattr("verdict_courier.cli.endpoints.RECORD", tmp_path / "none.json")

    code, _, notes = run("list")

    assert code == ExitCode.UNREACHABLE
    assert "make up" in notes


def test_into_a_pipe_the_jobs_are_printed_once(run: Run, file: Path) -> None:
    """With or without `--once`: a pipe cannot be redrawn."""
    _, out, _ = run("submit", file, "--type", "email", "--wait", "--json")
    job_id = read(out)["job_id"]

    code, table, _ = run("watch", "--limit", "1")
    _, document, _ = run("watch", "--once", "--limit", "1", "--json")

    assert code == ExitCode.DONE
    assert job_id[:12] in table
    assert "succeeded" in table
    (job,) = read(document)
    assert job["timeline"]["checks"]


def test_the_address_of_the_local_console_is_printed(run: Run) -> None:
    """`make up` serves it already."""
    code, out, _ = run("page")

    assert (code, out) == (ExitCode.DONE, "http://c/\n")


def test_an_api_without_tls_is_not_called(run: Run) -> None:
    """Others could read the responses on their way."""
    code, out, notes = run("watch", "--url", "http://example.com")

    assert code == ExitCode.MISUSED
    assert not out
    assert "https://" in notes


def test_a_console_of_any_api_is_served_until_ctrl_c() -> None:
    """Ctrl-C is the usual end, and no failure."""
    with subprocess.Popen(
        [*_COURIER, "page", "--url", "https://127.0.0.1:9/prod"],
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        with urlopen(f"{address}data", timeout=30) as response:  # noqa: S310 - our own server
            data = json.load(response)
        serving.send_signal(signal.SIGINT)

    assert serving.returncode == ExitCode.DONE
    assert data["stack"] == "https://127.0.0.1:9/prod"
    assert "No answer from the API" in data["error"]


def test_a_terminal_is_updated(run: Run, file: Path, stack: LocalStack) -> None:
    """A new job appears in the table."""
    terminal, command_side = pty.openpty()
    watching = subprocess.Popen(
        [*_COURIER, "watch", "--stage=any", "--every=0.1"],
        env={**_ENVIRONMENT, "COURIER_API_URL": stack.api_url}
        | {"TERM": "xterm", "COLUMNS": "160", "LINES": "40"},
        stdout=command_side,
        stderr=subprocess.DEVNULL,
    )
    os.close(command_side)
    try:
        read_until(terminal, "timeline")
        _, out, _ = run("submit", file, "--type", "email", "--json")
        read_until(terminal, read(out)["job_id"][:12])
    finally:
        watching.send_signal(signal.SIGINT)
        code = watching.wait()
        os.close(terminal)

    assert code == ExitCode.DONE


def read_until(terminal: int, word: str) -> None:
    """Read a terminal until a word appears, or the test times out."""
    shown = ""
    while word not in shown:
        shown += os.read(terminal, 4096).decode(errors="replace")
