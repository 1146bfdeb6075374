"""Hook: answer every AWS call of this process from memory, after its validation.

botocore validates the parameters as for AWS. Those for S3 it also serializes, because
its handlers change some, and then asks the handlers of `before-call`, which answer
instead of the HTTP call. For all others that would be most of the time of a run.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from tests.world.memory_aws.errors import ServiceError
from tests.world.memory_aws.service import Parameters

#: Carries out a call, given its service, operation and parameters.
Backend = Callable[[str, str, Parameters], Mapping[str, Any]]


_FIRST_ERROR = 300
_NO_HOST = "https://s3.invalid"


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
        self.session = _Session()
        self.session.hook = self
        self.session.set_config_variable("region", "us-east-1")
        self.session.set_credentials("test", "test")
        events = self.session.get_component("event_emitter")
        # First, because others add parameters that the caller did not pass.
        events.register_first("before-parameter-build", _keep_parameters)
        events.register("before-call", self._answer)

    def _answer(
        self,
        model: Any,  # noqa: ANN401 - botocore's own
        context: dict[str, Any],
        **_: object,
    ) -> tuple[_HttpResponse, dict[str, Any]]:
        return self.answer(model, context["parameters of the call"])

    def answer(
        self,
        model: Any,  # noqa: ANN401 - botocore's own
        parameters: Parameters,
    ) -> tuple[_HttpResponse, dict[str, Any]]:
        """Return the answer to a call, and note that it came."""
        assert self.backend is not None, "a call to AWS outside of a world"
        service = model.service_model.service_name
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


class _Session(botocore.session.Session):
    """A session whose clients, but those of S3, are answered before serialization."""

    hook: AwsHook

    def create_client(self, service_name: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - botocore's own
        client: Any = super().create_client(service_name, *arguments, **options)
        if service_name != "s3":
            client._make_api_call = partial(self._call, client)
        else:
            client._resolve_endpoint_ruleset = partial(
                _resolve_host, client._resolve_endpoint_ruleset
            )
        return client

    def _call(self, client: Any, operation: str, parameters: Parameters) -> Any:  # noqa: ANN401 - botocore's own
        model = client.meta.service_model.operation_model(operation)
        if model.input_shape is not None:
            validate_parameters(parameters, model.input_shape)
        http, parsed = self.hook.answer(model, dict(parameters))
        if http.status_code >= _FIRST_ERROR:
            code = parsed["Error"]["Code"]
            raise client.exceptions.from_code(code)(parsed, operation)
        return parsed


def _resolve_host(resolve: Any, *call: Any, **of_signing: Any) -> Any:  # noqa: ANN401 - botocore's own
    """Return the host of a signed URL; the rules would be a third of any other call."""
    return resolve(*call, **of_signing) if of_signing else (_NO_HOST, {}, {})


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


def client_error(
    code: str, status: int, operation: str = "AnyOperation"
) -> ClientError:
    """Return an error response of an AWS service, as boto3 raises it."""
    response: Any = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)
