"""The commands of the documents, run as a reader runs them after `make up`."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from verdict_courier.api_client import ApiClient
from verdict_courier.cli.exit_codes import ExitCode

from functions.core import identity
from local import sample
from local.stack import LocalStack
from tests.documented.aws_calls import read_call
from tests.documented.checks import Wrong, parsed, write_files
from tests.documented.commands import DocumentedCommand, documented
from tests.integration.harness import JobRunner, Run, wait_for

#: How commands begin that are not run here, and why.
NOT_RUN: dict[tuple[str, ...], str] = {
    ("make",): "its target exists; test_commands.py runs demo, up and down, "
    "test_cdk_command.py the targets of a stage, CI `make check test`",
    ("pip",): "fetches libraries; test_client_wheel.py builds the wheel and runs it",
    ("pre-commit",): "changes the reader's clone",
    ("sam",): "needs Docker; test_events.py reads the events",
    ("export",): "sets what a shell passes on; test_client_wheel.py sets it",
    ("rm",): "removes a file of the reader",
    ("./courier", "page", "--stage"): "needs a stage in AWS",
}
_CLIENT = {"./courier", "courier"}


def reason(command: DocumentedCommand) -> str:
    """Return why a command is not run; "" if it is."""
    words = command.words
    return next((why for key, why in NOT_RUN.items() if words[: len(key)] == key), "")


def to_run() -> list[DocumentedCommand]:
    """Return the commands that are run, each once."""
    found = {command.words: command for command in documented() if not reason(command)}
    return list(found.values())


@pytest.fixture
def folder(
    tmp_path: Path, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Work in a folder with the files that the documents speak of."""
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    stack.emulator.set_wait_scale(0.0)


@pytest.mark.parametrize(
    "words", [c.words for c in to_run() if c.words[0] in _CLIENT], ids=" ".join
)
@pytest.mark.usefixtures("folder")
def test_a_command_of_the_client_works(
    run: Run, runner: JobRunner, words: tuple[str, ...]
) -> None:
    """With the id of a job that fits; of a stage's command, the local stack's."""
    try:
        options = parsed(words[1:])
    except Wrong:
        return  # a part of a command in a sentence, which the unit tests look up
    typed = _without_stage(words[1:])
    if options is None:  # --help, --version
        with pytest.raises(SystemExit):
            run(*typed)
        return
    if options.command == "submit" and options.provider == "txncheck":
        runner.stack.txncheck.reset()
        runner.stack.txncheck.behave(seconds_queued=0.0, seconds_processing=0.0)
    job_id = ""
    if {"job_id", "job_ids"} & vars(options).keys():
        verb = "reread" if getattr(options, "column", None) else options.command
        job_id = _job_for(verb, runner)
        typed = [job_id if w in ("JOB", "JOB_ID") else w for w in typed]

    code, out, notes = run(*typed)
    if options.command == "check":
        assert out.startswith("The provider says: ")
        run("cancel", job_id)  # it would not end by itself

    # Other tests leave dead letters, which are a fault to a doctor.
    done = {ExitCode.DONE} | (
        {ExitCode.FAULTY} if options.command == "doctor" else set()
    )
    assert code in done, notes
    # There may be no such job, nor any error.
    assert out or options.command in ("list", "watch") or "--errors" in typed


@pytest.mark.parametrize(
    "command", [c for c in to_run() if c.words[0] == "aws" and c.is_whole], ids=str
)
def test_a_command_of_aws_works(
    stack: LocalStack, runner: JobRunner, folder: Path, command: DocumentedCommand
) -> None:
    """By the call that it makes, with what the stack has for its words in capitals."""
    outputs = _outputs(stack)
    secrets = stack.emulator.client("secretsmanager")
    held = secrets.get_secret_value(SecretId=stack.outputs["IpqsSecretArn"])
    (folder / "key.json").write_text(held["SecretString"])
    # The same bytes under the same key are not paid again.
    (folder / "my.csv").write_text(f"email\n{uuid.uuid4()}@documents.example\n")
    words = [_filled(word, outputs) for word in command.words[1:]]
    call = read_call(words, folder=folder)

    client = stack.emulator.client(call.service)
    answer = getattr(client, call.operation)(**call.arguments)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (200, 202)
    if call.operation == "put_object":
        place = (call.arguments["Bucket"], call.arguments["Key"])
        job_id = identity.of_object(*place, answer["VersionId"])
        job = runner.wait_for_end(job_id).job
        assert job is not None
        assert job.outcome == "succeeded"
    if subscription := answer.get("SubscriptionArn"):
        client.unsubscribe(SubscriptionArn=subscription)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    "words",
    [c.words for c in to_run() if c.words[0] == "curl" and len(c.words) > 1],
    ids=" ".join,
)
def test_a_command_of_curl_works(stack: LocalStack, words: tuple[str, ...]) -> None:
    """The signature is curl's own, by which others than the client call the API."""
    typed = [
        word.replace("$API", stack.api_url).replace("x:x", "test:test")
        for word in words
    ]
    called = subprocess.run([*typed, "--silent"], capture_output=True, check=True)

    assert "jobs" in json.loads(called.stdout)


def test_what_is_not_run_has_a_reason_that_applies() -> None:
    """A command of another program is run, or somebody says why not."""
    found = documented()

    for words in NOT_RUN:
        assert any(c.words[: len(words)] == words for c in found), words
    ran = {c.words[0] for c in found if not reason(c)}
    assert ran == {*_CLIENT, "aws", "curl"}


def _job_for(verb: str, runner: JobRunner) -> str:
    """Return a job on which a command does what it is for."""
    ipqs = runner.stack.ipqs
    if verb in ("cancel", "check"):
        ipqs.behave(seconds_processing=1e9)
        runner.stack.emulator.set_wait_scale(1.0)
        job_id = runner.upload("ipqs/email/my.csv", sample.emails(12))
        # It is submitted, and does not end by itself.
        wait_for(lambda: runner.submissions(job_id))
        if verb == "check":  # which needs the reference that is recorded next
            wait_for(lambda: _shown(runner, job_id)["provider_ref"])
        return job_id
    if verb == "approve":
        asked = {"courier-quote": "yes"}
        job_id = runner.upload("ipqs/email/my.csv", sample.emails(12), metadata=asked)
        assert runner.notices(job_id)  # of its quote
        return job_id
    if verb == "reread":  # the column that was named is not there
        wrong = {"courier-column": "9"}
        emails = sample.emails(12)
        job_id = runner.upload("ipqs/email/wrong.csv", emails, metadata=wrong)
        runner.wait_for_end(job_id)
        return job_id
    ipqs.behave(statuses=("ERROR",) if verb == "retry" else ())
    view = runner.run("ipqs/email/my.csv", sample.emails(12))
    ipqs.behave(statuses=())
    assert view.job is not None
    return view.job.job_id


def _shown(runner: JobRunner, job_id: str) -> dict[str, Any]:
    """Return what the API says of a job."""
    answer: dict[str, Any] = ApiClient.local(runner.stack.api_url).call(
        "GET", f"/jobs/{job_id}"
    )
    return answer


def _without_stage(words: Sequence[str]) -> list[str]:
    """Return words without `--stage NAME`: the stack here is the local one."""
    if "--stage" not in words:
        return list(words)
    at = words.index("--stage")
    return [*words[:at], *words[at + 2 :]]


def _filled(word: str, outputs: Mapping[str, str]) -> str:
    """Return a word with outputs of the stack in place of INBOX_BUCKET and the like."""
    return re.sub(r"\b[A-Z]{3,}(_[A-Z]+)*\b", lambda m: outputs.get(m[0], m[0]), word)


def _outputs(stack: LocalStack) -> dict[str, str]:
    """Return the outputs of the stack by the words that documents have for them."""
    (sweep,) = (
        function["FunctionName"]
        for page in stack.emulator.client("lambda")
        .get_paginator("list_functions")
        .paginate()
        for function in page["Functions"]
        if function["Handler"] == "functions.sweep.handler"
    )
    words = {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): value
        for name, value in stack.outputs.items()
    }
    return {**words, "NAME": sweep}
