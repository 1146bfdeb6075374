"""Account: what an account lacks is said in one sentence, before anything is built."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra import config
from tools.stage.account import Account, NotReady


class _FakeClient:
    """A client of one service with canned answers, or errors to raise."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - any operation
        def call(**_: object) -> Any:  # noqa: ANN401 - any answer
            answer = self._answers[operation]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def _account(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Account:  # noqa: ANN401 - see above
    session = boto3.Session(
        aws_access_key_id="x",
        aws_secret_access_key="x",
        region_name="eu-west-1",
    )
    monkeypatch.setattr(session, "client", lambda _: _FakeClient(answers))
    return Account(account_id="123456789012", region="eu-west-1", session=session)


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AnyOperation")


@pytest.fixture
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget who uses this machine."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("_nobody")
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "No region: set AWS_REGION"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "No AWS credentials: set AWS_PROFILE"),
        (
            {"AWS_PROFILE": "nobody"},
            r"\(nobody\) could not be found: check AWS_PROFILE",
        ),
    ],
    ids=["region", "credentials", "profile"],
)
def test_what_is_missing_is_named(
    variables: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDK says it only after half a minute, and in other words."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(NotReady, match=sentence):
        Account.of_environment()


def test_an_account_without_bootstrap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is one command."""
    account = _account(monkeypatch, get_parameter=_refused("ParameterNotFound"))

    with pytest.raises(NotReady, match="run `make bootstrap` once"):
        account.require_bootstrap()


@pytest.mark.parametrize(("quota", "enough"), [(334, False), (335, True), (1000, True)])
def test_the_quota_is_compared_before_a_deployment(
    quota: int, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda refuses the reservation minutes later, and all is rolled back."""
    settings = config.context()["courier"]
    settings["stages"]["prod"]["reserved_concurrency"] = {"submit": 235}
    stage = config.stage("prod", settings)
    limits = {"AccountLimit": {"ConcurrentExecutions": quota}}
    account = _account(monkeypatch, get_account_settings=limits)

    if enough:
        account.require_quota(stage)
        return
    with pytest.raises(NotReady, match=r"needs a quota of 335 .* 123456789012 has 334"):
        account.require_quota(stage)


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("ROLLBACK_COMPLETE", False),
        ("REVIEW_IN_PROGRESS", False),
        ("CREATE_FAILED", False),
    ],
)
def test_a_failed_first_deployment_does_not_count(
    status: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it the next one is a first one again: without protection of the tables."""
    stacks = {"Stacks": [{"StackStatus": status}]}

    assert _account(monkeypatch, describe_stacks=stacks).has_stack("prod") is there


def test_a_stage_that_is_not_deployed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever removes or tries out a stage may be in another region."""
    account = _account(monkeypatch, describe_stacks=_refused("ValidationError"))

    assert not account.has_stack("dev")
    with pytest.raises(NotReady, match="region eu-west-1: run `make deploy STAGE=dev`"):
        account.outputs("dev")
