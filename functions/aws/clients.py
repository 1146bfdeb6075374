"""Clients: make each client of AWS once, and translate AWS errors into ours."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from functions.aws.aws_time import session
from functions.core.errors import AwsRefused, AwsUnavailable

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

#: The most connections of one client, and so the most calls that are worth making at
#: once: a further one would open a connection, and load the certificates of all
#: authorities for it, to be thrown away after one answer.
CONNECTIONS = 16
_CONFIG = Config(
    max_pool_connections=CONNECTIONS,
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 4},
    # botocore would hash every part once more and send a trailer. Our parts carry a CRC
    # that was computed while they were read, and TLS protects the transfer.
    request_checksum_calculation="when_required",
    s3={"payload_signing_enabled": False},
)
_PASSING_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
#: Error codes of faults that may pass, though their status is another 4xx: the same
#: call may succeed later. A code of throttling needs no line, see `_may_pass`.
_PASSING_CODES = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    "BadDigest",
    "ConditionalRequestConflict",
    "NoSuchUpload",  # the retry begins another upload
    "OperationAborted",
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "SlowDown",
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    "ExecutionLimitExceeded",
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    "InternalError",
    "InternalFailure",
    "RequestExpired",
    "ServiceUnavailable",
    "Unavailable",
    # By the docs of each service a 5xx, but not by every proxy in front of it.
    "InternalServerError",
    "InternalServiceError",
    "InternalServiceErrorException",
    "ServiceUnavailableException",
    # https://github.com/aws/aws-sdk-js-v3 (service-error-classification): the clocks of
    # this machine and of AWS differ, which `functions.aws.aws_time` corrects for.
    "InvalidSignatureException",
    "RequestInTheFuture",
    "SignatureDoesNotMatch",
    # The same place: other codes that each SDK of AWS repeats.
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "RequestTimeoutException",
    "TooManyRequestsException",
}


@cache
def s3() -> "S3Client":
    """Return the S3 client."""
    return cast("S3Client", _client("s3"))


@cache
def signing_s3() -> "S3Client":
    """Return an S3 client that signs URLs."""
    # SigV4, because S3 requires it for objects under a customer key, and the region's
    # own host, because the global one redirects uploads to new buckets.
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return cast("S3Client", _client("s3", _CONFIG.merge(signing)))


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    client = _client("dynamodb")
    client.meta.events.register("before-parse.dynamodb", parse_plainly)
    return cast("DynamoDBClient", client)


@cache
def lambda_() -> "LambdaClient":
    """Return the Lambda client; who calls a function calls it once.

    The API waits for the answer, and API Gateway for the API, for 29 seconds.
    """
    once = Config(
        connect_timeout=2,
        read_timeout=21,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    return cast("LambdaClient", _client("lambda", _CONFIG.merge(once)))


@cache
def secrets_manager() -> "SecretsManagerClient":
    """Return the Secrets Manager client."""
    return cast("SecretsManagerClient", _client("secretsmanager"))


@cache
def step_functions() -> "SFNClient":
    """Return the Step Functions client."""
    return cast("SFNClient", _client("stepfunctions"))


@cache
def sns() -> "SNSClient":
    """Return the SNS client."""
    return cast("SNSClient", _client("sns"))


@cache
def sts() -> "STSClient":
    """Return the STS client."""
    return cast("STSClient", _client("sts"))


def _client(service: str, config: Config = _CONFIG) -> "BaseClient":
    return session().create_client(service, config=config)


def parse_plainly(
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: object,
) -> None:
    """Read an answer of DynamoDB as JSON, and leave an empty one to botocore.

    It is called by botocore's event `before-parse`. botocore would read each value by
    its model of the service: for a list of jobs that takes more time than all the rest,
    and only bytes, which our tables do not have, would be read differently.
    """
    if response_dict["status_code"] != HTTPStatus.OK:
        return
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:  # it is no answer of DynamoDB's
        return
    present = {name: value for name, value in answer.items() if value is not None}
    customized_response_dict.update(present)
    response_dict["body"] = b"{}"


def error_code(error: ClientError) -> str:
    """Return the service's error code, such as `NoSuchKey` or `412`."""
    details: dict[str, Any] = dict(error.response.get("Error", {}))
    return str(details.get("Code", ""))


@contextmanager
def translate_aws_errors(action: str) -> Iterator[None]:
    """Raise the SDK's errors as ours; `action` completes "could not …".

    The SDK's own texts are dropped: they may quote object keys, which may contain a
    person's name.

    Raises:
        AwsUnavailable: A later try may succeed.
        AwsRefused: A later try would fail in the same way.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if _may_pass(code, status):
            raise AwsUnavailable(f"could not {action}: {code}") from None
        raise AwsRefused(f"may not {action}: {code}") from None
    except (BotoCoreError, HTTPError) as error:  # reading a body raises urllib3's
        name = type(error).__name__
        raise AwsUnavailable(f"could not {action}: {name}") from None


def _may_pass(code: str, status: int) -> bool:
    """Return whether the same call may succeed later.

    The status of some faults that pass is 400; the codes of all services for
    throttling have that word in them (`KmsThrottlingException`, `Throttled`).
    """
    return (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status in _PASSING_STATUSES
        or code in _PASSING_CODES
        or "throttl" in code.lower()
    )
