"""AWS: clients, and its failures in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from functions.core.errors import AwsRefused, AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 4},
    # One hash less over every part, and no trailer: the parts carry a CRC that
    # was computed while they passed, and TLS protects the way.
    request_checksum_calculation="when_required",
    s3={"payload_signing_enabled": False},
)
#: Codes that a later try may not meet again.
_PASSING = {
    "InternalError",
    "InternalServerError",
    "InternalFailure",
    "InternalServiceError",
    "InternalServiceErrorException",
    "OperationAborted",
    "ConditionalRequestConflict",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "BadDigest",
    "NoSuchUpload",
}


@cache
def s3() -> "S3Client":
    """Give the S3 client."""
    return boto3.client("s3", config=_CONFIG)


@cache
def signing_s3() -> "S3Client":
    """Give an S3 client for links."""
    # By SigV4, without which S3 gives nothing out that a customer's key encrypts,
    # and to the region's own host: the global one redirects uploads to new buckets.
    links = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", config=_CONFIG.merge(links))


@cache
def dynamodb() -> "DynamoDBClient":
    """Give the DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def secrets_manager() -> "SecretsManagerClient":
    """Give the Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)


@cache
def step_functions() -> "SFNClient":
    """Give the Step Functions client."""
    return boto3.client("stepfunctions", config=_CONFIG)


def error_code(error: ClientError) -> str:
    """Give the service's code of a failure, such as `NoSuchKey` or `412`."""
    described: dict[str, Any] = dict(error.response.get("Error", {}))
    return str(described.get("Code", ""))


@cache
def sns() -> "SNSClient":
    """Give the SNS client."""
    return boto3.client("sns", config=_CONFIG)


@contextmanager
def translate_aws_errors(action: str) -> Iterator[None]:
    """Turn the SDK's failures into ours; `action` says what was attempted.

    The SDK's own texts are dropped: they may quote keys of objects, which may be
    somebody's name.

    Raises:
        AwsUnavailable: A later try may succeed.
        AwsRefused: It will not.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _PASSING or status >= 500:  # noqa: PLR2004 - HTTP's own number
            raise AwsUnavailable(f"could not {action}: {code}") from None
        raise AwsRefused(f"may not {action}: {code}") from None
    except (BotoCoreError, HTTPError) as error:  # a body breaks in urllib3's words
        name = type(error).__name__
        raise AwsUnavailable(f"could not {action}: {name}") from None
