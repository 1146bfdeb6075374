"""Secrets: a key that is missing, wrong or rotated, and an unavailable service."""

import json

import pytest

from functions.aws import clients
from functions.aws.secret import CachedSecrets, Secret
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    CredentialsMissing,
    CredentialsRejected,
)
from functions.core.model import Job, Outcome
from tests.faults.execution_driver import ExecutionDriver, ProcessFactory
from tests.faults.fault_injection import FaultInjector, aws_failure
from tests.faults.harness import KEY, SECRET, StepHarness


@pytest.mark.fault(66)
def test_a_rotated_key_is_read_again(
    harness: StepHarness, job: Job, new_process: ProcessFactory, injector: FaultInjector
) -> None:
    """A process caches the key, which the provider may reject at any time."""
    process = new_process()
    submitted = process.submit(job)
    harness.ipqs.rotate_key("another-key")
    harness.store_secret(json.dumps({"api_key": "another-key"}))

    checked = process.check(submitted)

    assert checked.kinds == tuple(harness.expected)
    assert injector.calls.count("secretsmanager.GetSecretValue") == 2


@pytest.mark.fault(20)
@pytest.mark.fault(66)
def test_a_fresh_key_that_is_rejected_ends_the_job(
    harness: StepHarness, job: Job, driver: ExecutionDriver
) -> None:
    """The key is read once more and then believed, rather than tried repeatedly."""
    harness.ipqs.rotate_key("another-key")

    ended = driver.run(job)

    assert (ended.outcome, ended.error) == (
        Outcome.FAILED,
        CredentialsRejected.__name__,
    )
    assert harness.calls("upload") == 1
    assert "intent" not in harness.item(job)


@pytest.mark.fault(67)
def test_a_secret_that_was_filled_is_read_at_once(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Whoever fills it retries the jobs, in processes that have read it empty."""
    process = new_process()
    harness.store_secret("{}")
    with pytest.raises(CredentialsMissing):
        process.submit(job)
    harness.store_secret(json.dumps({"api_key": KEY}))

    assert process.submit(job).provider_ref


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
def test_an_unfilled_secret_ends_the_job(
    harness: StepHarness, job: Job, driver: ExecutionDriver, text: str
) -> None:
    """Only a person can fill it; the error does not repeat its text."""
    harness.store_secret(text)

    ended = driver.run(job)

    assert ended.error == CredentialsMissing.__name__
    assert driver.most_attempts == 1
    assert harness.calls("upload") == 0


@pytest.mark.fault(67)
def test_a_binary_secret_is_not_a_key(
    harness: StepHarness, job: Job, new_process: ProcessFactory
) -> None:
    """Secrets are JSON texts."""
    clients.secrets_manager().put_secret_value(
        SecretId=SECRET, SecretBinary=b"\x00\xff"
    )

    with pytest.raises(CredentialsMissing):
        new_process().submit(job)

    assert harness.calls("upload") == 0


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
def test_errors_of_secrets_manager_are_classified(
    harness: StepHarness,
    job: Job,
    new_process: ProcessFactory,
    code: str,
    status: int,
    expected: type[Exception],
) -> None:
    """Only passing faults are retried, and none leaves a claim behind."""
    with (
        aws_failure("before-call.secrets-manager.GetSecretValue", code, status),
        pytest.raises(expected),
    ):
        new_process().submit(job)

    assert "intent" not in harness.item(job)
    assert new_process().submit(job, 1).provider_ref


def _secret() -> Secret:
    secrets = CachedSecrets(secrets_manager=clients.secrets_manager())
    return Secret(SECRET, secrets=secrets)


def test_reads_the_signing_secret(harness: StepHarness) -> None:
    """Some providers sign; both of their secrets are rotated together."""
    harness.store_secret(
        json.dumps({"api_key": KEY, "api_secret": " signing-secret\n"})
    )

    secret = _secret()

    assert (secret.api_key(), secret.api_secret()) == (KEY, "signing-secret")
    harness.store_secret(json.dumps({"api_key": KEY, "api_secret": "another"}))
    assert secret.api_secret() == "signing-secret"
    assert secret.api_secret(fresh=True) == secret.api_secret() == "another"


@pytest.mark.fault(67)
@pytest.mark.parametrize("value", [None, 7, "", "two\nlines"])
def test_an_unfilled_signing_secret_is_named(
    harness: StepHarness, value: object
) -> None:
    """The person who fills it has to know which of the two is missing."""
    harness.store_secret(json.dumps({"api_key": KEY, "api_secret": value}))

    with pytest.raises(CredentialsMissing, match="api_secret"):
        _secret().api_secret()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"current": "new"}, ("new",), id="one"),
        pytest.param(
            {"current": "new", "previous": "old"}, ("new", "old"), id="rotation"
        ),
        pytest.param({"current": "new", "previous": ""}, ("new",), id="rotated"),
    ],
)
def test_reads_the_secrets_that_may_sign_webhooks(
    harness: StepHarness, document: dict[str, str], expected: tuple[str, ...]
) -> None:
    """The provider and we cannot change at the same moment; the new one comes first."""
    harness.store_secret(json.dumps(document))

    assert _secret().webhook_secrets() == expected


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    "text", ["{}", "no JSON", "[]", "null", '{"current": ""}', '{"current": 7}']
)
def test_an_unfilled_webhook_secret_is_not_used(
    harness: StepHarness, text: str
) -> None:
    """An empty secret would sign what anybody forges; the error does not repeat it."""
    harness.store_secret(text)

    with pytest.raises(CredentialsMissing, match="the webhook's secret"):
        _secret().webhook_secrets()
