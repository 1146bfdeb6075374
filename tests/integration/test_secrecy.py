"""Secrecy: links, keys and the rows of lists are only where they belong (I5)."""

import json
import random
import string

import pytest

from local import sample
from local.simulators.ipqs import Answer
from local.stack import LOCAL_KEY
from tests.integration.harness import JobRunner, wait_for
from tests.integration.sinks import Sinks, has_link

_EMAILS = sample.emails(30)


@pytest.mark.fault(85)
def test_no_sink_contains_a_secret(runner: JobRunner) -> None:
    """Histories keep every input and output for ninety days, logs even longer."""

    def with_key(status: dict[str, object]) -> dict[str, object]:
        return {**status, "status": f"PROCESSING {LOCAL_KEY}"}

    ipqs = runner.stack.ipqs
    runner.run("ipqs/email/list.csv", _EMAILS)
    ipqs.script("download", [Answer.http(403), Answer.cut_after(10), Answer.html()])
    runner.run("ipqs/email/list.csv", _EMAILS)
    ipqs.script("status", [Answer.html(), Answer.edited(with_key)])
    runner.run("ipqs/email/list.csv", _EMAILS)
    ipqs.script("upload", [Answer.refusal(f"No: {LOCAL_KEY}")])
    runner.run("ipqs/email/list.csv", _EMAILS)
    addresses = set(_EMAILS.decode().split()[1:])

    assert Sinks(runner.stack).containing({LOCAL_KEY} | addresses) == set()


def test_a_secret_is_found_in_every_sink(runner: JobRunner) -> None:
    """A search that could find nothing would pass every other test."""
    planted = "planted+canary/of 2026@example"
    _write_everywhere(runner, planted)
    sinks = Sinks(runner.stack)

    expected = {"history", "log", "table", "object", "notice"}
    wait_for(lambda: sinks.containing({planted}) >= expected)


def test_a_link_is_recognized_by_its_token() -> None:
    """The simulator does not reveal its tokens; only their form is known."""
    token = "".join(
        random.Random(1).choices(string.ascii_letters + string.digits, k=256)
    )

    assert has_link(
        f'{{"x": "https://downloads.example/download?download={token}&f=x"}}'
    )
    assert not has_link("x" * 900)


def _write_everywhere(runner: JobRunner, secret: str) -> None:
    """Write a secret into every sink that can be written from outside."""
    stack = runner.stack
    outputs = stack.outputs
    stack.emulator.client("stepfunctions").start_execution(
        stateMachineArn=outputs["StateMachineArn"],
        input=json.dumps({"next": secret, "provider_ref": ""}),
    )
    logs = stack.emulator.client("logs")
    group = logs.describe_log_groups()["logGroups"][0]["logGroupName"]
    logs.create_log_stream(logGroupName=group, logStreamName="planted")
    logs.put_log_events(
        logGroupName=group,
        logStreamName="planted",
        logEvents=[{"timestamp": 1, "message": f"see {secret}!"}],
    )
    stack.emulator.client("dynamodb").put_item(
        TableName=outputs["JobsTable"],
        Item={"job_id": {"S": "planted"}, "error": {"S": secret}},
    )
    stack.emulator.client("s3").put_object(
        Bucket=outputs["ResultsBucket"],
        Key="planted",
        Body=b"",
        Metadata={"planted": secret},
    )
    stack.emulator.client("sns").publish(
        TopicArn=outputs["NoticesTopicArn"], Message=secret
    )
