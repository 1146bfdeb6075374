"""Refusals: API Gateway's own answers, in the form of all other problems."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway

from functions.api import problems

_KINDS = {
    apigateway.ResponseType.BAD_REQUEST_BODY: problems.REQUEST_INVALID,
    apigateway.ResponseType.BAD_REQUEST_PARAMETERS: problems.REQUEST_INVALID,
    # Alike, so that nobody learns which routes there are.
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


#: The rest. A status of ours would replace API Gateway's, which knows better.
_OTHERS = {
    apigateway.ResponseType.DEFAULT_4_XX: "The request was refused.",
    apigateway.ResponseType.DEFAULT_5_XX: problems.INTERNAL.title,
}


def add_gateway_responses(rest: apigateway.RestApi) -> None:
    """Have every refusal of API Gateway's be a problem document."""
    for kind, problem in _KINDS.items():
        _refuse(rest, kind, problem.document(), status=str(int(problem.status)))
    for kind, title in _OTHERS.items():
        document = {"type": problems.REFUSED, "title": title}
        _refuse(rest, kind, document, status=None)


def _refuse(
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
