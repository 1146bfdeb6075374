"""Hook: answer every boto3 call of this process from memory, after its serialization.

botocore validates and serializes the parameters as for AWS, then asks the handlers of
`before-call`, which answer instead of the HTTP call.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.exceptions import ClientError

from tests.world.memory_aws.errors import ServiceError
from tests.world.memory_aws.service import Parameters

#: Carries out a call, given its service, operation and parameters.
Backend = Callable[[str, str, Parameters], Mapping[str, Any]]


class _HttpResponse(NamedTuple):
    """The part of an HTTP response that botocore reads after the call."""

    status_code: int
    headers: Mapping[str, str]


class AwsHook:
    """Answers the calls of all clients of its `session`.

    `answered` is called after each call: an answer of AWS has its time.
    """

    def __init__(self) -> None:
        self.backend: Backend | None = None
        self.answered: Callable[[], None] = lambda: None
        session = botocore.session.Session()
        events = session.get_component("event_emitter")
        # First, because others add parameters that the caller did not pass.
        events.register_first("before-parameter-build", _keep_parameters)
        events.register("before-call", self._answer)
        self.session = boto3.Session(
            botocore_session=session,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def _answer(
        self,
        model: Any,  # noqa: ANN401 - botocore's own
        context: dict[str, Any],
        **_: object,
    ) -> tuple[_HttpResponse, dict[str, Any]]:
        assert self.backend is not None, "a call to AWS outside of a world"
        service = model.service_model.service_name
        parameters = context["parameters of the call"]
        parsed: dict[str, Any]
        try:
            parsed = {**self.backend(service, model.name, parameters)}
            status = 200
        except ServiceError as error:
            details = {"Code": error.code, "Message": error.message}
            parsed, status = {"Error": details, **error.members}, error.status
        self.answered()
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
        parsed["ResponseMetadata"] = metadata
        return _HttpResponse(status, {}), parsed


def _keep_parameters(
    params: Mapping[str, Any],
    context: dict[str, Any],
    **_: object,
) -> None:
    # A copy: later handlers add members for the wire, and the caller may reuse its
    # buffer.
    kept = dict(params)
    if isinstance(kept.get("Body"), bytearray):
        kept["Body"] = bytes(kept["Body"])
    context["parameters of the call"] = kept


def client_error(code: str, status: int, operation: str) -> ClientError:
    """Return an error response of an AWS service, as boto3 raises it."""
    response: Any = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)
