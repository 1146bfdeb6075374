"""Roles of tests, with the rights that they have."""

import json
import uuid
from typing import Any

import boto3

from local.emulator.clients import REGION
from local.emulator.process import Emulator
from tests.emulator.stacks import TRUST_POLICY


def create(emulator: Emulator, *statements: dict[str, Any]) -> str:
    """Create a role whose policy has some statements; return its ARN."""
    iam, name = emulator.client("iam"), f"role-{uuid.uuid4()}"
    role: str = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST_POLICY)
    )["Role"]["Arn"]
    if statements:
        iam.put_role_policy(
            RoleName=name, PolicyName="rights", PolicyDocument=policy(*statements)
        )
    return role


def allow(action: str, resource: str = "*", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a statement that allows an action."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **fields}


def policy(*statements: dict[str, Any]) -> str:
    """Return a policy with some statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def client(emulator: Emulator, service: str, *statements: dict[str, Any]) -> Any:  # noqa: ANN401 - any client
    """Return a client of somebody who acts by a role with some statements."""
    trust = {**allow("sts:AssumeRole"), "Principal": {"AWS": "000000000000"}}
    del trust["Resource"]
    role = create(emulator, *statements)
    emulator.client("iam").update_assume_role_policy(
        RoleName=role.rpartition("/")[2], PolicyDocument=policy(trust)
    )
    credentials = emulator.client("sts").assume_role(
        RoleArn=role, RoleSessionName="test"
    )["Credentials"]
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload] # any service
        endpoint_url=f"http://127.0.0.1:{emulator.port}",
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
