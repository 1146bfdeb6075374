"""Secrets: a key that is missing, wrong or changed, and a service that is not there."""

import json
from collections.abc import Callable

import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.aws import clients
from functions.aws.secret import Secret
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    CredentialsMissing,
    CredentialsRejected,
)
from functions.core.model import Job, Outcome
from tests.faults.execution_driver import Process, Walk
from tests.faults.fault_injection import FaultInjector, failure, hooked
from tests.faults.harness import KEY, SECRET, StepHarness

Make = Callable[[], Process]


@pytest.mark.fault(66)
def test_a_key_that_was_rotated_is_read_again(
    bench: StepHarness, job: Job, process: Make, effects: FaultInjector
) -> None:
    """A process keeps the key for minutes; the provider does not wait for it."""
    one = process()
    submitted = one.submit(job, 0)
    bench.ipqs.rotate_key("another-key")
    bench.keep_secret(json.dumps({"api_key": "another-key"}))

    checked = one.check(submitted, 0)

    assert checked.kinds == tuple(bench.expected)
    assert effects.seen.count("secretsmanager.GetSecretValue") == 2


@pytest.mark.fault(20)
@pytest.mark.fault(66)
def test_a_key_that_is_refused_afresh_ends_the_job(
    bench: StepHarness, job: Job, walk: Walk
) -> None:
    """It is read once more, then believed: nobody hammers a login."""
    bench.ipqs.rotate_key("another-key")

    ended = walk.to_the_end(job)

    assert (ended.outcome, ended.error) == (
        Outcome.FAILED,
        CredentialsRejected.__name__,
    )
    assert bench.calls("upload") == 1
    assert "intent" not in bench.item(job)


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="empty object"),
        pytest.param(KEY, id="no JSON"),
        pytest.param(f'["{KEY}"]', id="a list"),
        pytest.param('{"api_key": 7}', id="a number"),
        pytest.param('{"api_key": "  "}', id="blank"),
        pytest.param('{"api_key": "two\\nlines"}', id="a line break inside"),
        pytest.param("null", id="null"),
    ],
)
def test_a_secret_that_was_not_filled_ends_the_job(
    bench: StepHarness, job: Job, walk: Walk, text: str
) -> None:
    """Only a person can fill it, and is told so; its text is not repeated."""
    bench.keep_secret(text)

    ended = walk.to_the_end(job)

    assert ended.error == CredentialsMissing.__name__
    assert walk.most_attempts == 1
    assert bench.calls("upload") == 0


@pytest.mark.fault(67)
def test_a_binary_secret_is_no_key(bench: StepHarness, job: Job, process: Make) -> None:
    """Our form is text."""
    clients.secrets_manager().put_secret_value(
        SecretId=SECRET, SecretBinary=b"\x00\xff"
    )

    with pytest.raises(CredentialsMissing):
        process().submit(job, 0)

    assert bench.calls("upload") == 0


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        pytest.param("ThrottlingException", 400, AwsUnavailable, id="throttled"),
        pytest.param("InternalServiceError", 500, AwsUnavailable, id="broken"),
        pytest.param("AccessDeniedException", 400, AwsRefused, id="denied"),
        pytest.param("DecryptionFailure", 400, AwsRefused, id="not decrypted"),
        pytest.param(
            "ResourceNotFoundException", 400, CredentialsMissing, id="deleted"
        ),
    ],
)
def test_what_secrets_manager_refuses_is_told_apart(
    bench: StepHarness,
    job: Job,
    process: Make,
    code: str,
    status: int,
    expected: type[Exception],
) -> None:
    """Only what passes is retried; and the next attempt may submit at once."""

    def refuse(**_: object) -> None:
        raise failure(code, status)

    with (
        hooked("before-call.secrets-manager.GetSecretValue", refuse),
        pytest.raises(expected),
    ):
        process().submit(job, 0)

    assert "intent" not in bench.item(job)
    assert process().submit(job, 1).provider_ref


def _kept() -> Secret:
    return Secret(
        SECRET, provider=SecretsProvider(boto3_client=clients.secrets_manager())
    )


def test_gives_what_requests_are_signed_with(bench: StepHarness) -> None:
    """Some providers sign; both of their secrets are rotated as one."""
    bench.keep_secret(json.dumps({"api_key": KEY, "api_secret": " signing-secret\n"}))

    secret = _kept()

    assert (secret.api_key(), secret.api_secret()) == (KEY, "signing-secret")
    bench.keep_secret(json.dumps({"api_key": KEY, "api_secret": "another"}))
    assert secret.api_secret() == "signing-secret"
    assert secret.api_secret(fresh=True) == secret.api_secret() == "another"


@pytest.mark.fault(67)
@pytest.mark.parametrize("value", [None, 7, "", "two\nlines"])
def test_a_signing_secret_that_was_not_filled_has_its_name(
    bench: StepHarness, value: object
) -> None:
    """The person who fills it must know which of the two is missing."""
    bench.keep_secret(json.dumps({"api_key": KEY, "api_secret": value}))

    with pytest.raises(CredentialsMissing, match="api_secret"):
        _kept().api_secret()
