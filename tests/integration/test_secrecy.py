"""No link, no key and no row of a list stands where it does not belong (I5)."""

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
def test_nothing_secret_is_found_anywhere(courier: JobRunner) -> None:
    """Histories keep every input and output for ninety days, and logs for longer."""
    ipqs = courier.stack.ipqs
    courier.run("ipqs/email/list.csv", _EMAILS)
    ipqs.script("download", [Answer.http(403), Answer.cut_after(10), Answer.html()])
    courier.run("ipqs/email/list.csv", _EMAILS)
    ipqs.script("status", [Answer.html(), Answer.edited(_with_the_key_in_it)])
    courier.run("ipqs/email/list.csv", _EMAILS)
    ipqs.script("upload", [Answer.refusal(f"No: {LOCAL_KEY}")])
    courier.run("ipqs/email/list.csv", _EMAILS)
    addresses = set(_EMAILS.decode().split()[1:])

    found = Sinks(courier.stack).holding({LOCAL_KEY} | addresses)

    assert found == set()


def test_a_leak_would_be_found_in_every_sink(courier: JobRunner) -> None:
    """The positive control: a search that finds nothing must be able to find."""
    planted = "planted+canary/of 2026@example"
    _plant(courier, planted)
    sinks = Sinks(courier.stack)

    expected = {"history", "log", "table", "object", "notice"}
    wait_for(lambda: sinks.holding({planted}) >= expected)


def test_a_link_would_be_known_by_its_token() -> None:
    """The simulator never tells its tokens, so they are known by their form."""
    token = "".join(
        random.Random(1).choices(string.ascii_letters + string.digits, k=256)
    )

    assert has_link(
        f'{{"x": "https://downloads.example/download?download={token}&f=x"}}'
    )
    assert not has_link("x" * 900)


def _with_the_key_in_it(said: dict[str, object]) -> dict[str, object]:
    return {**said, "status": f"PROCESSING {LOCAL_KEY}"}


def _plant(courier: JobRunner, secret: str) -> None:
    stack = courier.stack
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
