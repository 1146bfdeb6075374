"""Gateway responses: the errors of API Gateway itself, as RFC 9457 problems."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway

from functions.api import problems

_PROBLEMS = {
    apigateway.ResponseType.BAD_REQUEST_BODY: problems.REQUEST_INVALID,
    apigateway.ResponseType.BAD_REQUEST_PARAMETERS: problems.REQUEST_INVALID,
    # The same for all, so that nobody learns which routes exist.
    apigateway.ResponseType.ACCESS_DENIED: problems.FORBIDDEN,
    apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN: problems.FORBIDDEN,
    apigateway.ResponseType.INVALID_SIGNATURE: problems.FORBIDDEN,
    apigateway.ResponseType.EXPIRED_TOKEN: problems.FORBIDDEN,
    apigateway.ResponseType.WAF_FILTERED: problems.FORBIDDEN,
    apigateway.ResponseType.THROTTLED: problems.THROTTLED,
    apigateway.ResponseType.QUOTA_EXCEEDED: problems.THROTTLED,
    apigateway.ResponseType.REQUEST_TOO_LARGE: problems.TOO_LARGE,
    apigateway.ResponseType.UNSUPPORTED_MEDIA_TYPE: problems.NOT_JSON,
    apigateway.ResponseType.INTEGRATION_FAILURE: problems.UNAVAILABLE,
    apigateway.ResponseType.INTEGRATION_TIMEOUT: problems.UNAVAILABLE,
}
#: All other errors. They keep the status that API Gateway sets.
_DEFAULTS = {
    apigateway.ResponseType.DEFAULT_4_XX: "The request was refused.",
    apigateway.ResponseType.DEFAULT_5_XX: problems.INTERNAL.title,
}


def add_gateway_responses(rest: apigateway.RestApi) -> None:
    """Make API Gateway return its errors as problem documents."""
    for kind, problem in _PROBLEMS.items():
        _add_response(rest, kind, problem.document(), status=str(int(problem.status)))
    for kind, title in _DEFAULTS.items():
        document = {"type": problems.REFUSED, "title": title}
        _add_response(rest, kind, document, status=None)


def _add_response(
    rest: apigateway.RestApi,
    kind: apigateway.ResponseType,
    document: dict[str, Any],
    *,
    status: str | None,
) -> None:
    rest.add_gateway_response(
        kind.response_type.title().replace("_", ""),
        type=kind,
        status_code=status,
        response_headers={"Content-Type": f"'{problems.MEDIA_TYPE}'"},
        templates={"application/json": Stack.of(rest).to_json_string(document)},
    )
