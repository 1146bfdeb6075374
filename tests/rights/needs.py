"""Needs: say which rights a call needs.

Sources: the Service Authorization Reference, "Actions, resources, and condition keys
for Amazon S3", "... DynamoDB", "... Secrets Manager", "... SNS", "... Step Functions",
"... Lambda"; and of each service the page named below on customer managed keys.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.rights.grants import STATE_MACHINE, Account, arn
from tests.rights.policy import Request
from tests.world.deployment import STATE_MACHINE_ARN
from tests.world.world import AwsCall

READ_KEY = ("kms:Decrypt",)
WRITE_KEY = ("kms:GenerateDataKey",)
READ_AND_WRITE_KEY = (*READ_KEY, *WRITE_KEY)
#: DynamoDB developer guide, "Encryption at rest: usage notes", "Authorizing use of your
#: customer managed key": what DynamoDB requires at a minimum, without CreateGrant,
#: which only who creates a table needs.
TABLE_KEY = (
    *READ_AND_WRITE_KEY,
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
#: S3 user guide, "Required permissions for Amazon S3 API operations", and for the key
#: "Using server-side encryption with AWS KMS keys": a multipart upload reads its parts
#: again. `read` is the right on the version that is named, or on the current one.
_S3: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "GetObject": ("read", READ_KEY),
    "HeadObject": ("read", ()),
    "PutObject": ("s3:PutObject", WRITE_KEY),
    "CreateMultipartUpload": ("s3:PutObject", READ_AND_WRITE_KEY),
    "UploadPart": ("s3:PutObject", READ_AND_WRITE_KEY),
    "CompleteMultipartUpload": ("s3:PutObject", READ_AND_WRITE_KEY),
    "AbortMultipartUpload": ("s3:AbortMultipartUpload", ()),
}
#: Step Functions developer guide, "Data at rest encryption", "Required permissions for
#: API callers": only who reads an execution's data uses the key.
_STATES: Mapping[str, tuple[str, ...]] = {
    "StartExecution": (),
    "StopExecution": (),
    "SendTaskSuccess": (),
    "DescribeExecution": READ_KEY,
    "GetExecutionHistory": READ_KEY,
}


def needs(call: AwsCall, account: Account) -> Iterator[Request]:
    """Yield the requests that IAM decides about for one call.

    Raises:
        KeyError: The table does not know the operation: look it up, and add it.
    """
    parameters = call.parameters
    role = account.roles[call.caller]

    def request(action: str, resource: str, **context: tuple[str, ...]) -> Request:
        return on(role, action, resource, **context)

    if call.service == "s3":
        yield from _s3(call, account)
    elif call.service == "dynamodb":
        yield from _dynamodb(call, account)
    elif call.service == "secretsmanager":
        # Secrets Manager user guide, "Secret encryption and decryption".
        secret = arn("AWS::SecretsManager::Secret", parameters["SecretId"])
        yield request(f"secretsmanager:{call.operation}", secret)
        yield from key_use(role, account, "secretsmanager", READ_KEY)
    elif call.service == "sns":
        # SNS developer guide, "Key management", "Enable compatibility ...".
        yield request(f"sns:{call.operation}", parameters["TopicArn"])
        yield from key_use(role, account, "sns", READ_AND_WRITE_KEY)
    elif call.service == "stepfunctions":
        key = _STATES[call.operation]
        for resource in _machine(call):
            yield request(f"states:{call.operation}", resource)
        yield from key_use(role, account, "states", key)
    elif call.service == "lambda":
        function = arn("AWS::Lambda::Function", parameters["FunctionName"])
        yield request("lambda:InvokeFunction", function)
    elif (call.service, call.operation) != ("sts", "GetCallerIdentity"):
        # STS API reference, "GetCallerIdentity": no permissions are required.
        raise KeyError(f"{call.service}.{call.operation}")


def _dynamodb(call: AwsCall, account: Account) -> Iterator[Request]:
    parameters = call.parameters
    if "TransactItems" in parameters:
        # DynamoDB developer guide, "Transactions", "IAM for transactions": the rights
        # of the single writes.
        for update in (each["Update"] for each in parameters["TransactItems"]):
            single = replace(call, operation="UpdateItem", parameters=update)
            yield from _dynamodb(single, account)
        return
    role = account.roles[call.caller]
    (name,) = parameters.get("RequestItems") or (parameters["TableName"],)
    table = arn("AWS::DynamoDB::Table", name)
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    leading = tuple(key["S"] for key in parameters.get("Key", {}).values())
    keys = {"dynamodb:LeadingKeys": leading} if leading else {}
    yield on(role, f"dynamodb:{call.operation}", table + index, **keys)
    yield from key_use(role, account, "dynamodb", TABLE_KEY)


def _s3(call: AwsCall, account: Account) -> Iterator[Request]:
    parameters = call.parameters
    role = account.roles[call.caller]
    bucket = f"arn:aws:s3:::{parameters['Bucket']}"
    if call.operation == "ListObjectVersions":  # its page, "Permissions"
        yield on(role, "s3:ListBucketVersions", bucket)
        return
    if call.operation in {"DeleteObject", "DeleteObjects"}:  # its page, "Permissions"
        for each in parameters.get("Delete", {"Objects": [parameters]})["Objects"]:
            version = "Version" if "VersionId" in each else ""
            yield on(role, f"s3:DeleteObject{version}", f"{bucket}/{each['Key']}")
        return
    action, key = _S3[call.operation]
    if action == "read":
        action = f"s3:GetObject{'Version' if 'VersionId' in parameters else ''}"
        # "GetObject", "Permissions": a missing object is 404 for who may list the
        # bucket, and 403 for others. Whether the holder of a link or a Distributed Map
        # can tell the two does not matter.
        if call.caller != STATE_MACHINE and not call.signed_only:
            yield on(role, "s3:ListBucket", bucket)
    yield on(role, action, f"{bucket}/{parameters['Key']}")
    if parameters.get("ChecksumMode") == "ENABLED":  # "HeadObject", ChecksumMode
        key = READ_KEY
    yield from key_use(role, account, "s3", key)


def _machine(call: AwsCall) -> tuple[str, ...]:
    """Return the resources of a call of Step Functions.

    A token's belongs to the machine that waits (aws-cdk#8486); children of a
    Distributed Map run under its name and a label.
    """
    if call.operation == "SendTaskSuccess":
        return (STATE_MACHINE_ARN, f"{STATE_MACHINE_ARN}/Requests")
    parameters = call.parameters
    return (parameters.get("executionArn") or parameters["stateMachineArn"],)


def key_use(
    principal: str,
    account: Account,
    service: str,
    actions: tuple[str, ...],
    **context: Any,  # noqa: ANN401 - as `on`
) -> Iterator[Request]:
    """Yield the uses of the key that a service makes in the name of its caller."""
    via = {"kms:ViaService": (f"{service}.us-east-1.amazonaws.com",), **context}
    for action in actions:
        yield on(principal, action, account.key, **via)


def on(
    principal: str, action: str, resource: str, **context: tuple[str, ...]
) -> Request:
    """Return a request over TLS."""
    full = {"aws:SecureTransport": ("true",), "s3:TlsVersion": ("1.3",), **context}
    return Request(
        principal=principal,
        action=action,
        resource=resource,
        context=frozenset(full.items()),
    )
