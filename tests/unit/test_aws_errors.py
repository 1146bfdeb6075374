"""AWS errors: a fault that may pass is retried, any other one ends the job at once."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from urllib3.exceptions import ProtocolError

from functions.aws.clients import translate_aws_errors
from functions.core.errors import AwsRefused, AwsUnavailable

SERVICES = ("s3", "dynamodb", "secretsmanager", "stepfunctions", "sns", "kms")


def fail(error: Exception) -> None:
    """Raise an error of the SDK as ours."""
    with translate_aws_errors("do it"):
        raise error


def response(code: str, status: int = 400) -> ClientError:
    """Return an error response of an AWS service."""
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # the rest is not read
        "AnyOperation",
    )


def modelled_codes() -> Iterator[str]:
    """Yield the codes that the models of our services call throttling or retryable."""
    loader = Loader()
    for service in SERVICES:
        model = ServiceModel(loader.load_service_model(service, "service-2"))
        for shape in model.error_shapes:
            code = (shape.metadata.get("error") or {}).get("code", shape.name)
            if "retryable" in shape.metadata or "throttl" in shape.name.lower():
                yield code


@pytest.mark.parametrize(
    "code",
    [
        "KmsThrottlingException",
        "KMSThrottling",
        "KMS.ThrottlingException",
        "ThrottledException",
        "Throttled",
        "Throttling",
        "RequestThrottledException",
        "ExecutionLimitExceeded",
        "RequestTimeTooSkewed",
        "InvalidSignatureException",
        "PriorRequestNotComplete",
        "SlowDown",
        "OperationAborted",
        *sorted(
            set(modelled_codes())
            - {"KmsThrottlingException", "KMSThrottling", "Throttled"}
        ),
    ],
)
def test_a_fault_that_passes_is_retried(code: str) -> None:
    """A job that was paid for must not end because AWS was busy for a minute."""
    with pytest.raises(AwsUnavailable):
        fail(response(code))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_the_status_decides_whatever_the_code(status: int) -> None:
    """AWS adds codes, but no statuses."""
    with pytest.raises(AwsUnavailable):
        fail(response("AnInventedCode", status))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDenied", 403),
        ("AccessDeniedException", 400),
        ("KmsAccessDeniedException", 400),
        ("ResourceNotFoundException", 400),
        ("StateMachineDoesNotExist", 400),
        ("ValidationException", 400),
        ("AnInventedCode", 409),
        ("", 0),
    ],
)
def test_any_other_refusal_is_final(code: str, status: int) -> None:
    """Repeating it would only delay the word to the person who has to act."""
    with pytest.raises(AwsRefused):
        fail(response(code, status))


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="x"), ProtocolError("x")]
)
def test_a_broken_connection_is_retried(error: Exception) -> None:
    """No answer says nothing about the call."""
    with pytest.raises(AwsUnavailable):
        fail(error)
