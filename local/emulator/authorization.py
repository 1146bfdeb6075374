"""IAM's decisions about the calls of services, which reach no API of the emulator."""

import contextvars
import re
from collections.abc import Mapping
from types import MappingProxyType

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms

_NOTHING: Mapping[str, str] = MappingProxyType({})
_READ, _WRITE = ("kms:Decrypt",), ("kms:GenerateDataKey",)
#: By an operation, or by a service: what it does with the resource's key. Operations
#: have the names of their actions, but for two: HEAD without a checksum, and those of a
#: multipart upload, which reads its parts again.
HEAD_OBJECT, UPLOAD_PART = "s3:HeadObject", "s3:UploadPart"
_KEY_USES: Mapping[str, tuple[str, ...]] = {
    "dynamodb": (
        *_READ,
        *_WRITE,
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ),
    HEAD_OBJECT: (),
    UPLOAD_PART: (*_READ, *_WRITE),
    "s3:GetObject": _READ,
    "s3:GetObjectVersion": _READ,
    "s3:PutObject": _WRITE,
    "secretsmanager:GetSecretValue": _READ,
    "sns:Publish": (*_READ, *_WRITE),
    "sqs:ReceiveMessage": _READ,
    "sqs:SendMessage": (*_READ, *_WRITE),
    "states:DescribeExecution": _READ,
    "states:GetExecutionHistory": _READ,
}
#: The key of a resource that has one, by service and name.
keys: dict[tuple[str, str], str] = {}


def count_loopback_as_tls() -> None:
    """Judge each request as one over TLS, which the policies of the template ask for.

    The emulator speaks plain HTTP, on the loopback interface, where nobody listens.
    """
    iam_evaluator._request_origin = contextvars.ContextVar(
        "origin", default=("127.0.0.1", True)
    )
    app.pin_request_origin = lambda *_: None


def session_arn(role: str) -> str:
    """Return the ARN by which IAM names who acts by a role."""
    name = role.rpartition("/")[2]
    return f"arn:aws:sts::{get_account_id()}:assumed-role/{name}/session"


def role_arn(session: str) -> str:
    """Return the ARN of the role by which somebody acts; empty for others."""
    name = re.fullmatch(r".*:assumed-role/([^/]+)/.*", session)
    return f"arn:aws:iam::{get_account_id()}:role/{name[1]}" if name else ""


def refusal(
    principal: str, action: str, resource: str, context: Mapping[str, str] = _NOTHING
) -> str:
    """Return why IAM refuses a call of a role or a service; empty if it does not.

    `principal` is the ARN of a role, or a service such as `events.amazonaws.com`.
    `context` has condition keys, such as `aws:SourceArn`.
    """
    if not app.AUTH:
        return ""
    return _denial(principal, action, resource, context) or key_refusal(
        principal, action, resource, context
    )


def key_refusal(
    principal: str,
    operation: str,
    resource: str,
    context: Mapping[str, str] = _NOTHING,
) -> str:
    """Return why an allowed call may not use its resource's key; empty if it may."""
    service = operation.partition(":")[0]
    key = keys.get((service, name_of(resource)))
    if key is None:
        return ""
    full = {**context, "kms:ViaService": f"{service}.{get_region()}.amazonaws.com"}
    denials = (
        _denial(principal, use, key, full)
        for use in _KEY_USES.get(operation, _KEY_USES.get(service, ()))
    )
    return next(filter(None, denials), "")


def remember_key(service: str, resource: str, key: str) -> None:
    """Remember by which key a resource is encrypted; `resource` is an ARN or a name."""
    found = kms._resolve_key(key)
    if found:
        keys[service, name_of(resource)] = found["Arn"]


def name_of(resource: str) -> str:
    """Return the name of a resource, of which an ARN or a URL may have more parts."""
    if not resource.startswith("arn:"):
        return resource.rpartition("/")[2]
    _, _, service, _, _, rest = resource.split(":", 5)
    parts: list[str] = re.split("[:/]", rest)
    return parts[0] if service in ("s3", "sns", "sqs") else parts[1]


def _denial(
    principal: str, action: str, resource: str, context: Mapping[str, str]
) -> str:
    account, service = get_account_id(), action.partition(":")[0]
    is_role = principal.startswith("arn:")
    caller = session_arn(principal) if is_role else principal
    asked = EvalContext(
        principal_arn=caller if is_role else "*",
        principal_type="AssumedRole" if is_role else "Service",
        principal_account=account if is_role else "",
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={key.lower(): value for key, value in context.items()},
    )
    policy, owner = iam_evaluator._resource_policy(service, resource) or ("", None)
    if is_role:
        name = principal.rpartition("/")[2]
        own = iam_evaluator._gather_role_policies(name, account)
        decision = iam_evaluator.combine_resource_policy(
            iam_evaluator.evaluate(asked, own),
            asked,
            policy,
            owner,
            required=service in iam_evaluator._POLICY_REQUIRED,
        )
    else:
        decision = iam_evaluator.evaluate_resource_policy(policy, asked, principal)
    if decision.decision == "Allow":
        return ""
    kind = "identity" if is_role else "resource"
    return (
        f"User: {caller} is not authorized to perform: {action} on resource: "
        f"{resource} because no {kind}-based policy allows the {action} action"
    )
