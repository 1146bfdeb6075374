"""The command line looks into the stack: log lines, faults, where a job is shown."""

import errno
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from verdict_courier.api_client import ApiClient, ApiUnreachable
from verdict_courier.cli.__main__ import main
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.stack_checks import StackAccess

from tests.unit.scripted_server import JOB, Answer, ScriptedServer

_ID = "0" * 64
_KEY = "a key that nobody may read"
_QUEUES = ("IntakeQueueUrl", "DeadLetterQueueUrl")


@dataclass
class Aws:
    """The answers of AWS' services, which tests change, and what was asked of them."""

    key: str = _KEY
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_QUEUES, 0))
    hidden: dict[str, int] = field(default_factory=dict)
    status: str = "UPDATE_COMPLETE"
    forbidden: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str) -> "Aws":
        """Return a client of a service."""
        if service == self.forbidden:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, service)
        return self

    def get_secret_value(self, **_: object) -> dict[str, Any]:
        """Answer as Secrets Manager."""
        return {"SecretString": json.dumps({"api_key": self.key})}

    def get_queue_attributes(self, *, QueueUrl: str, **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Answer as SQS."""
        numbers = {
            "": self.waiting[QueueUrl],
            "NotVisible": self.hidden.get(QueueUrl, 0),
        }
        return {
            "Attributes": {
                f"ApproximateNumberOfMessages{of}": str(number)
                for of, number in numbers.items()
            }
        }

    def get_caller_identity(self) -> dict[str, Any]:
        """Answer as STS."""
        return {"Arn": "arn:aws:iam::1:user/me"}

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        """Answer as CloudFormation."""
        at = datetime(2026, 11, 22, tzinfo=UTC)
        return {"Stacks": [{"StackStatus": self.status, "CreationTime": at}]}

    def get_paginator(self, operation: str) -> "Paginator":
        """Answer as CloudFormation, or as CloudWatch Logs."""
        return Paginator(operation, self.asked)


@dataclass
class Paginator:
    """Pages of resources, or of the lines of a log group."""

    operation: str
    asked: list[dict[str, Any]]

    def paginate(self, **parameters: str) -> list[dict[str, Any]]:
        """Return all pages."""
        self.asked.append(parameters)
        if self.operation == "list_stack_resources":
            kinds = {
                "one": "Logs::LogGroup",
                "two": "Logs::LogGroup",
                "no": "S3::Bucket",
            }
            resources = [
                {"PhysicalResourceId": name, "ResourceType": f"AWS::{kind}"}
                for name, kind in kinds.items()
            ]
            return [{"StackResourceSummaries": resources}]
        second = 2 if parameters["logGroupName"] == "one" else 1
        line = {
            "job_id": _ID,
            "timestamp": f"2026-11-22T10:00:0{second}Z",
            "level": "INFO",
            "location": "check",
            "message": f"line {second}\x1b[2J",
        }
        return [{"events": [{"message": json.dumps(line)}]}]


@pytest.fixture
def aws() -> Aws:
    """Return an AWS without faults."""
    return Aws()


@pytest.fixture
def api(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Serve an API of a stack, to which the command line is connected."""
    stack = StackAccess(
        name="VerdictCourier-prod",
        outputs={"IpqsSecretArn": "s", **{name: name for name in _QUEUES}},
        client=aws.client,
    )
    module = "verdict_courier.cli.stack_commands"
    with ScriptedServer.started() as server:
        client = ApiClient.local(server.url)
        server.answer_all(Answer.json(JOB))
        server.answers["/jobs"] = Answer.json({"jobs": [JOB], "next": None})
        for place in ("verdict_courier.cli.__main__", module):
            monkeypatch.setattr(f"{place}.connect", lambda *_, **__: client)
        monkeypatch.setattr(f"{module}.stack_access", lambda *_, **__: stack)
        yield server


@pytest.mark.parametrize(("left", "sign"), [(1450, "✓"), (0, "?")])
def test_doctor_says_how_many_credits_were_left(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str], left: int, sign: str
) -> None:
    """Without any, each new job waits; only a job asks the provider for them."""
    jobs: list[dict[str, Any]] = [
        {**JOB, "provider": "txncheck", "quote": None},
        {**JOB, "quote": {"credits_left": None}},
        {**JOB, "quote": {"credits_left": left}, "job_id": "1" * 64},
        {**JOB, "quote": {"credits_left": 99}, "job_id": "2" * 64},
    ]
    api.answers["/jobs"] = Answer.json({"jobs": jobs, "next": None})

    assert main(["doctor", "--stage=prod"]) == ExitCode.DONE

    lines = capsys.readouterr().out.splitlines()
    (index,) = (at for at, line in enumerate(lines) if "credits" in line.split())
    assert lines[index].startswith(f"{sign} credits ipqs")
    assert lines[index].endswith(
        f"{left:,} left, by the quote of the job 111111111111 (received "
        "2026-11-22T10:00:00.000Z)"
    )
    assert ("Buy credits" in lines[index + 1]) is (left == 0)


@pytest.mark.usefixtures("api")
def test_a_sound_stack_has_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """Every part is named, so that whoever reads it knows what was looked at."""
    assert main(["doctor", "--stage=prod"]) == ExitCode.DONE

    shown = capsys.readouterr().out
    for part in ("client", "credentials", "stack", "API", "secret Ipqs", *_QUEUES):
        assert f"✓ {part.removesuffix('Url')}" in shown
    assert "✗" not in shown
    assert _KEY not in shown


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("change", "seen", "advice"),
    [
        ({"key": ""}, "api_key is empty", "Write"),
        ({"waiting": {"IntakeQueueUrl": 0, "DeadLetterQueueUrl": 2}}, "2 mess", "Read"),
        ({"status": "UPDATE_ROLLBACK_FAILED"}, "ROLLBACK", "deploy again"),
    ],
    ids=["secret", "dead letters", "stack"],
)
def test_a_fault_is_said_with_what_to_do(
    aws: Aws,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, Any],
    seen: str,
    advice: str,
) -> None:
    """Who runs it has seen that something is wrong, and wants to know where."""
    vars(aws).update(vars(replace(aws, **change)))

    assert main(["doctor", "--stage=prod"]) == ExitCode.FAULTY

    (fault, remedy) = capsys.readouterr().out.split("✗")[1].splitlines()[:2]
    assert seen in fault
    assert advice in remedy


def test_an_api_that_refuses_is_a_fault(
    api: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stack may be sound, and these credentials not allowed to call it."""
    api.answers["/jobs"] = Answer.json({"title": "Forbidden."}, 403)

    assert main(["doctor"]) == ExitCode.FAULTY
    assert "Forbidden." in capsys.readouterr().out


@pytest.mark.usefixtures("api")
def test_what_may_not_be_looked_at_is_no_fault(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """An analyst may not read secrets, which says nothing about them."""
    aws.forbidden = "secretsmanager"
    aws.waiting["IntakeQueueUrl"] = 3

    assert main(["doctor", "--json"]) == ExitCode.DONE

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    unknown = {f["what"]: f["advice"] for f in found if f["ok"] is None}
    assert unknown.keys() == {"secrets", "IntakeQueue"}
    assert "credentials that may read it" in unknown["secrets"]


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("waiting", "hidden", "seen"),
    [
        (0, 0, "0 messages"),
        (1, 0, "1 message"),
        (0, 1, "0 messages, 1 at work or to be tried again"),
    ],
)
def test_an_upload_that_has_failed_and_is_tried_again_is_shown(
    aws: Aws,
    capsys: pytest.CaptureFixture[str],
    waiting: int,
    hidden: int,
    seen: str,
) -> None:
    """It becomes a dead letter only after a quarter of an hour."""
    aws.waiting["IntakeQueueUrl"], aws.hidden["IntakeQueueUrl"] = waiting, hidden

    assert main(["doctor", "--json"]) == ExitCode.DONE

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (queue,) = (finding for finding in found if finding["what"] == "IntakeQueue")
    assert queue["seen"] == seen
    assert queue["ok"] is (None if waiting or hidden else True)


def test_a_stack_that_is_not_there_is_the_only_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All other checks would only repeat it."""

    def stack_access(*_: object, **__: object) -> None:
        raise ApiUnreachable("no AWS credentials")

    module = "verdict_courier.cli.stack_commands"
    monkeypatch.setattr(f"{module}.stack_access", stack_access)

    assert main(["doctor", "--stage=prod"]) == ExitCode.FAULTY
    shown = capsys.readouterr().out
    assert shown.count("✗") == 1
    assert "--profile" in shown


@pytest.mark.usefixtures("api")
def test_log_lines_come_in_their_order(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each function has a group; only those of the stack and of the time are read."""
    assert main(["logs", "0" * 12, "--stage=prod"]) == ExitCode.DONE

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[3] for line in lines] == [
        "line 1\\x1b[2J",
        "line 2\\x1b[2J",
    ]
    resources, first, _ = aws.asked
    assert resources == {"StackName": "VerdictCourier-prod"}
    received = datetime.fromisoformat(JOB["received_at"]).timestamp()
    assert first["startTime"] == (received - 60) * 1000
    assert first["filterPattern"] == f'"{_ID}"'


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("verb", ["logs", "doctor"])
def test_a_url_is_not_enough_to_find_a_stack(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logs of another stack, with the same ids, would be worse than none."""
    job = [_ID] if verb == "logs" else []

    assert main([verb, *job, "--url=https://h/prod"]) == ExitCode.MISUSED
    assert "--stage" in capsys.readouterr().err


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("stage", "address"),
    [("local", f"http://c/#{_ID}"), ("prod", JOB["links"]["execution"])],
)
def test_a_job_is_opened_where_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stage: str,
    address: str,
) -> None:
    """The local stack has no console of AWS, and the page of others has a new key."""
    module = "verdict_courier.cli.stack_commands"
    monkeypatch.setattr(f"{module}.local_address", lambda _: "http://c/")
    monkeypatch.setattr(f"{module}.webbrowser.open", pytest.fail)  # no terminal

    assert main(["open", "0" * 12, f"--stage={stage}"]) == ExitCode.DONE
    assert capsys.readouterr().out == f"{address}\n"


def test_results_of_several_jobs_have_folders_of_their_own(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their files have the same names; the exit code is that of the worst."""
    ids = [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]
    content = b"email,valid\n"
    for number, job_id in enumerate(ids):
        file = {"kind": "all", "key": "a/all.csv", "rows": 1, "bytes": len(content)}
        digest = hashlib.sha256(content).hexdigest()
        link = {"kind": "all", "href": f"{api.url}/{number}"}
        verdict = "unaccounted" if number == 1 else "complete"
        rows = {"verdict": verdict}
        manifest = {"files": [{**file, "sha256": digest}], "rows": rows}
        response = {"manifest": manifest, "links": [link]}
        api.answers[f"/jobs/{job_id}/results"] = Answer.json(response)
        api.answers[f"/{number}"] = Answer(body=[content])

    code = main(["results", *ids, "--download", str(tmp_path)])

    assert code == ExitCode.ROWS_UNPROVEN
    for job_id in ids:
        assert (tmp_path / job_id[:12] / "all.csv").read_bytes() == content
    assert capsys.readouterr().err.count(":\n") == 3


@pytest.mark.parametrize("own", [True, False])
def test_results_of_two_jobs_are_not_mixed_in_a_folder(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], own: bool
) -> None:
    """They have the same names: one job's would replace only some of the other's."""
    there = _ID if own else "1" * 64
    (tmp_path / "manifest.json").write_text(json.dumps({"job_id": there}))
    manifest = {"job_id": _ID, "files": [], "rows": {"verdict": "complete"}}
    response = {"manifest": manifest, "links": []}
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(response)

    code = main(["results", _ID, "--download", str(tmp_path)])

    saved = json.loads((tmp_path / "manifest.json").read_text())
    assert saved["job_id"] == there
    assert code == (ExitCode.DONE if own else ExitCode.MISUSED)
    printed = "".join(capsys.readouterr().err.split())
    assert (f"ofanotherjob,{there[:12]}:nameanotherfolder" in printed) != own


def test_a_manifest_that_cannot_be_read_is_said_with_what_to_do(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose results the folder has is not known, and nothing is put beside them."""
    (tmp_path / "manifest.json").mkdir()
    manifest = {"job_id": _ID, "files": [], "rows": {"verdict": "complete"}}
    response = {"manifest": manifest, "links": []}
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(response)

    assert main(["results", _ID, "--download", str(tmp_path)]) == ExitCode.MISUSED

    printed = " ".join(capsys.readouterr().err.split())
    assert "cannot be read (Is a directory), so" in printed
    assert "move it away, or name another folder" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_manifest_that_a_disk_does_not_give_is_named(
    api: ScriptedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error of reading, unlike one of opening, does not know which file it was."""
    broken = Mock(side_effect=OSError(errno.EIO, "Input/output error"))
    monkeypatch.setattr(Path, "read_bytes", broken)
    manifest = {"job_id": _ID, "files": [], "rows": {"verdict": "complete"}}
    response = {"manifest": manifest, "links": []}
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(response)

    assert main(["results", _ID, "--download", str(tmp_path)]) == ExitCode.MISUSED

    printed = "".join(capsys.readouterr().err.split())
    assert f"{tmp_path}/manifest.jsoncannotberead" in printed


@pytest.mark.parametrize(
    "kept", ["[]", "no JSON", '{"other": 1}', pytest.param("[" * 99_999, id="deep")]
)
def test_a_manifest_of_something_else_does_not_hold_up_a_download(
    api: ScriptedServer, tmp_path: Path, kept: str
) -> None:
    """The name is a common one; such a file was always written anew."""
    (tmp_path / "manifest.json").write_text(kept)
    manifest = {"job_id": _ID, "files": [], "rows": {"verdict": "complete"}}
    response = {"manifest": manifest, "links": []}
    api.answers[f"/jobs/{_ID}/results"] = Answer.json(response)

    assert main(["results", _ID, "--download", str(tmp_path)]) == ExitCode.DONE


def test_several_files_are_several_jobs(
    api: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are uploaded before the first is waited for, so that they run together."""
    form = {"url": f"{api.url}/s3", "fields": {}, "max_bytes": 99, "key": "k"}
    api.answers["/uploads"] = Answer.json(form)
    api.answers["/s3"] = Answer(status=204, headers={"x-amz-version-id": "1"})
    failed = {**JOB, "outcome": "failed", "verdict": None}
    error = {"name": "SourceEmpty", "advice": "Fill it."}
    api.answers["/jobs"] = Answer.json({**failed, "error": error})
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for file in files:
        file.write_text("email\n")

    code = main(["submit", *map(str, files), "--type=email", "--wait"])

    notes = capsys.readouterr().err
    assert code == ExitCode.NO_RESULTS
    assert [path for path, _ in api.requests] == ["/uploads", "/s3", "/jobs"] * 2
    assert f"one.csv: {_ID}" in notes
    assert f"two.csv: {_ID}" in notes


@pytest.mark.parametrize(
    ("function", "asked"),
    [("_courier_running", "list --outcome running"), ("_courier_newest", "list")],
)
def test_ids_of_jobs_are_completed(
    function: str, asked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody types twelve digits; `cancel` is for those that run."""
    program = tmp_path / "courier"
    program.write_text(f'#!/bin/sh\n[ "$*" = "{asked}" ] && printf "{_ID}\\tipqs\\n"\n')
    program.chmod(0o700)
    assert main(["completion", "bash"]) == ExitCode.DONE
    script = f"{capsys.readouterr().out}\nCOMP_WORDS=({program})\n{function} 00\n"

    done = subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - the shell of the script
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )

    assert done.stdout == f"{'0' * 12}\n"
