"""The use of a resource's key, with IAM in force."""

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services.cloudformation import provisioners

from local.emulator.authorization import (
    HEAD_OBJECT,
    UPLOAD_PART,
    key_refusal,
    remember_key,
    role_arn,
)
from local.emulator.corrections.ministack_types import Props, Response

#: By the type of a resource: its service, and where its properties have the key.
_KEYS: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "AWS::DynamoDB::Table": ("dynamodb", ("SSESpecification", "KMSMasterKeyId")),
    "AWS::S3::Bucket": (
        "s3",
        (
            "BucketEncryption",
            "ServerSideEncryptionConfiguration",
            0,
            "ServerSideEncryptionByDefault",
            "KMSMasterKeyID",
        ),
    ),
    "AWS::SecretsManager::Secret": ("secretsmanager", ("KmsKeyId",)),
    "AWS::SNS::Topic": ("sns", ("KmsMasterKeyId",)),
    "AWS::SQS::Queue": ("sqs", ("KmsMasterKeyId",)),
    "AWS::StepFunctions::StateMachine": (
        "states",
        ("EncryptionConfiguration", "KmsKeyId"),
    ),
}
#: The operation of the current request, by its action.
_operation: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar(
    "operation"
)
_denial: contextvars.ContextVar[str] = contextvars.ContextVar("denial", default="")


def key_use() -> None:
    """Ask who calls for the use of the key by which a template's resource is encrypted.

    AWS: services use a customer managed key in the name of their caller, whose role
    and the key's policy must both allow it.
    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    and of each service the page on encryption at rest, such as
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    MiniStack: asks for no right.
    """
    for kind, (service, path) in _KEYS.items():
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["create"] = _remembering(handlers["create"], service, path)
    enforce, respond = iam_evaluator.enforce, iam_actions.access_denied_response
    action_of = iam_actions.extract_iam_action

    def iam_action(service: str, method: str, *request: Any) -> str | None:  # noqa: ANN401 - passed on
        action: str | None = action_of(service, method, *request)
        if action:
            _operation.set({action: _named(action, method, *request)})
        return action

    def enforce_use(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> object:
        denied: object = enforce(
            access_key, action, service, region, resource_arn, service_context
        )
        caller = iam_evaluator.caller_arn()
        role = role_arn(caller)
        if denied or not role:
            return denied
        operation = _operation.get({}).get(action, action)
        denial = key_refusal(role, operation, resource_arn)
        if not denial:
            return None
        _denial.set(denial)
        return iam_evaluator.EvalResult("ImplicitDeny", caller)

    def access_denied_response(*args: str, **details: Any) -> Response:  # noqa: ANN401 - passed on
        # It would name the action on the resource, which is allowed.
        named = {"message": _denial.get()} if _denial.get() else {}
        return respond(*args, **{**details, **named})

    iam_actions.extract_iam_action = iam_action
    iam_evaluator.enforce = enforce_use
    iam_actions.access_denied_response = access_denied_response


def _named(
    action: str,
    method: str,
    _path: str,
    headers: Mapping[str, str],
    _body: bytes,
    parameters: Mapping[str, object],
) -> str:
    """Return the operation of an action, of which S3's have more than one."""
    if action.startswith("s3:GetObject") and method == "HEAD":
        return action if "x-amz-checksum-mode" in headers else HEAD_OBJECT
    if action == "s3:PutObject" and parameters.keys() & {"uploadId", "uploads"}:
        return UPLOAD_PART
    return action


def _remembering(
    create: Callable[..., tuple[str, Props]], service: str, path: tuple[str | int, ...]
) -> Callable[..., tuple[str, Props]]:
    """Wrap the creation of a resource so that its key is remembered."""

    def create_resource(
        logical_id: str, props: Props, *args: object
    ) -> tuple[str, Props]:
        created = create(logical_id, props, *args)
        key: Any = props
        for part in path:
            try:
                key = key[part]
            except LookupError:
                return created
        remember_key(service, created[0], key)
        return created

    return create_resource
