"""Account: find out whether an AWS account can take a stage before a deployment."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from infra.config import UNRESERVED_CONCURRENCY, Stage, needed_concurrency, stack_name

_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
#: Statuses of a stack whose first deployment succeeded.
_STACK_IS_THERE = ("CREATE_COMPLETE", "UPDATE_", "IMPORT_")


class NotReady(Exception):
    """The account cannot take the stage; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account and region, reached with the credentials of the environment."""

    account_id: str
    region: str
    session: boto3.Session

    @classmethod
    def of_environment(cls) -> "Account":
        """Return the account that AWS_PROFILE, AWS_REGION and the like name.

        Raises:
            NotReady: There are no credentials, no region, or AWS refuses them.
        """
        try:
            session = boto3.Session()
            if session.region_name is None:
                raise NotReady(
                    "No region: set AWS_REGION, for example to eu-central-1."
                )
            identity = session.client("sts").get_caller_identity()
        except ProfileNotFound as error:
            raise NotReady(f"{error}: check AWS_PROFILE.") from None
        except (NoCredentialsError, NoRegionError):
            raise NotReady(
                "No AWS credentials: set AWS_PROFILE, or sign in with `aws sso login`."
            ) from None
        except (BotoCoreError, ClientError) as error:
            raise NotReady(f"AWS does not accept the credentials: {error}") from None
        return cls(
            account_id=identity["Account"],
            region=session.region_name,
            session=session,
        )

    def require_bootstrap(self) -> None:
        """Check that the CDK was prepared here, once.

        Raises:
            NotReady: It was not.
        """
        try:
            self.session.client("ssm").get_parameter(Name=_BOOTSTRAP_VERSION)
        except ClientError as error:
            if _code(error) == "ParameterNotFound":
                raise NotReady(
                    f"The CDK is not prepared in account {self.account_id}, region "
                    f"{self.region}: run `make bootstrap` once."
                ) from None
            raise NotReady(f"The bootstrap cannot be looked up: {error}") from None

    def require_quota(self, stage: Stage) -> None:
        """Compare the concurrency that a stage reserves with the account's quota.

        Raises:
            NotReady: Lambda would refuse the reservation, after minutes of deploying.
        """
        needed = needed_concurrency(stage)
        if not needed:
            return
        limits = self.session.client("lambda").get_account_settings()["AccountLimit"]
        quota = limits["ConcurrentExecutions"]
        if quota < needed:
            raise NotReady(
                f"The stage {stage.name} needs a quota of {needed} concurrent Lambda "
                f"executions ({needed - UNRESERVED_CONCURRENCY} reserved, and "
                f"{UNRESERVED_CONCURRENCY} that AWS keeps free); account "
                f"{self.account_id} has {quota}. Ask for more in the console of "
                "Service Quotas (Lambda, Concurrent executions), or lower "
                "reserved_concurrency in cdk.json."
            )

    def has_stack(self, stage: str) -> bool:
        """Return whether a stage was deployed here successfully before."""
        status = str(self._stack(stage).get("StackStatus", ""))
        return status.startswith(_STACK_IS_THERE)

    def outputs(self, stage: str) -> dict[str, str]:
        """Return the outputs of a deployed stage, by their names.

        Raises:
            NotReady: The stage is not deployed here.
        """
        stack = self._stack(stage)
        if not stack:
            raise NotReady(
                f"The stage {stage} is not deployed in account {self.account_id}, "
                f"region {self.region}: run `make deploy STAGE={stage}`."
            )
        return {
            output["OutputKey"]: output["OutputValue"]
            for output in stack.get("Outputs", [])
        }

    def _stack(self, stage: str) -> dict[str, Any]:
        cloudformation = self.session.client("cloudformation")
        try:
            stacks = cloudformation.describe_stacks(StackName=stack_name(stage))
        except ClientError as error:
            if _code(error) == "ValidationError":  # AWS' answer where there is none
                return {}
            raise NotReady(f"The stack cannot be looked up: {error}") from None
        return dict(stacks["Stacks"][0])


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
