"""Refusals: API Gateway's own answers, in the form of all other problems."""

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway

from functions.core import problems

_KINDS = {
    apigateway.ResponseType.DEFAULT_4_XX: problems.REQUEST_INVALID,
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
    apigateway.ResponseType.DEFAULT_5_XX: problems.INTERNAL,
    apigateway.ResponseType.INTEGRATION_FAILURE: problems.UNAVAILABLE,
    apigateway.ResponseType.INTEGRATION_TIMEOUT: problems.UNAVAILABLE,
}


def refuse_in_our_words(rest: apigateway.RestApi) -> None:
    """Have every refusal of API Gateway's be a problem document."""
    for kind, problem in _KINDS.items():
        rest.add_gateway_response(
            kind.response_type.title().replace("_", ""),
            type=kind,
            status_code=str(int(problem.status)),
            response_headers={"Content-Type": f"'{problems.MEDIA_TYPE}'"},
            templates={
                "application/json": Stack.of(rest).to_json_string(problem.document())
            },
        )
