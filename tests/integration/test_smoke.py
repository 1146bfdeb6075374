"""Smoke test: what works is said, and each fault is named with its remedy."""

import json
from collections.abc import Iterator
from functools import partial

import pytest
from verdict_courier import stack_checks
from verdict_courier.api_client import ApiClient
from verdict_courier.stack_checks import Finding, StackAccess

from infra.config import stack_name
from local.emulator import clients
from local.stack import LocalStack
from tests.integration.harness import JobRunner
from tools.stage.smoke import SmokeTest


@pytest.fixture
def smoke_test(runner: JobRunner) -> SmokeTest:
    """Return the smoke test of the stack, without dead letters of other tests."""
    stack = runner.stack
    sqs = stack.emulator.client("sqs")
    for name, queue in stack.outputs.items():
        if name.endswith("DeadLetterQueueUrl"):
            sqs.purge_queue(QueueUrl=queue)
    return SmokeTest(
        stack=StackAccess(
            name=stack_name("local"),
            outputs=stack.outputs,
            client=partial(clients.client, stack.emulator.endpoint),
        ),
        api=ApiClient.local(stack.api_url),
        unsigned=None,
        patience=20.0,
    )


def _faults(findings: Iterator[Finding]) -> dict[str, str]:
    return {found.what: found.advice for found in findings if found.ok is False}


def test_a_sound_stack_has_no_faults(smoke_test: SmokeTest) -> None:
    """An upload leads to a notice, an alarm is heard, and nothing is paid."""
    findings = list(smoke_test.run())

    assert {found.what: found.seen for found in findings if found.ok is False} == {}
    tried = {found.what for found in findings if found.ok}
    assert {"upload", "notice", "alarm", "API, signed", "webhooks of txncheck"} <= tried


def test_an_empty_secret_is_named(smoke_test: SmokeTest, stack: LocalStack) -> None:
    """The first job would fail after a minute; the secret is said before."""
    secrets = stack.emulator.client("secretsmanager")
    name = stack.outputs["IpqsSecretArn"]
    before = secrets.get_secret_value(SecretId=name)["SecretString"]
    secrets.put_secret_value(SecretId=name, SecretString='{"api_key": ""}')
    try:
        faults = _faults(stack_checks.secrets(smoke_test.stack))
    finally:
        secrets.put_secret_value(SecretId=name, SecretString=before)

    assert list(faults) == ["secret IpqsSecretArn"]
    assert "api_key" in faults["secret IpqsSecretArn"]


def test_a_stopped_rule_is_named(smoke_test: SmokeTest, stack: LocalStack) -> None:
    """Without it uploads start nothing, and nobody hears of it."""
    events = stack.emulator.client("events")
    (rule,) = smoke_test._resources("AWS::Events::Rule", "IntakeRule")
    events.disable_rule(Name=rule)
    try:
        found = smoke_test.upload_rule()
    finally:
        events.enable_rule(Name=rule)

    assert found.ok is False
    assert rule in found.advice


def test_a_wrong_key_policy_is_named(smoke_test: SmokeTest, stack: LocalStack) -> None:
    """EventBridge could not send to the encrypted queue: every upload would be lost."""
    kms = stack.emulator.client("kms")
    key = stack.outputs["DataKeyArn"]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    policy = json.loads(before)
    policy["Statement"] = [
        statement
        for statement in policy["Statement"]
        if "events.amazonaws.com" not in json.dumps(statement["Principal"])
    ]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    try:
        found = smoke_test.key_policy()
    finally:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)

    assert found.ok is False
    assert found.seen == "lacks events.amazonaws.com"
