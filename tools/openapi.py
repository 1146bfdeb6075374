"""Write docs/openapi.json, the description of the API, from its routes and schemas."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.api import problems
from functions.api.problems import ProblemType
from functions.api.response_schemas import RESPONSE_SCHEMAS
from functions.api.routes import Operation, Parameter, operations
from infra import config

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"

#: Operations that clients may call next, with the job_id of the response.
_LINKS = {
    "startJob": ("getJob", "getTimeline", "getResults", "cancelJob", "retryJob"),
    "retryJob": ("getJob", "cancelJob"),
    "cancelJob": ("getJob", "retryJob"),
    "getJob": (
        *("getTimeline", "getResults", "getError", "checkJob"),
        *("cancelJob", "retryJob"),
    ),
}
_LOCATION = {
    "Location": {
        "description": "Where the job is.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}


def document() -> dict[str, Any]:
    """Return the description of the API, with the providers and types of cdk.json."""
    providers = config.stage("prod", config.context()["courier"]).providers
    types = {name: provider.types for name, provider in providers.items()}
    extensions = {name: provider.extensions for name, provider in providers.items()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations(types, extensions):
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Verdict Courier",
            "version": "1",
            "description": "Start, follow, fetch and end jobs. Every call is signed "
            "with AWS Signature Version 4 for the service `execute-api`.",
        },
        "servers": [
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
                "variables": {
                    "api": {"default": "your-api"},
                    "region": {"default": "us-east-1"},
                    "stage": {"default": "prod"},
                },
            }
        ],
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
            "schemas": dict(RESPONSE_SCHEMAS),
        },
    }


def to_text(document: Mapping[str, Any]) -> str:
    """Return the text of the committed document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _operation(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "responses": {
            str(operation.status): _success(operation),
            **_problem_responses(operation),
        },
    }
    if operation.parameters:
        document["parameters"] = [_parameter(p) for p in operation.parameters]
    if operation.body:
        document["requestBody"] = {
            "required": operation.body_is_required,
            "content": {"application/json": {"schema": operation.body}},
        }
    return document


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _success(operation: Operation) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{operation.response_schema}"}
    response: dict[str, Any] = {
        "description": operation.summary,
        "content": {"application/json": {"schema": schema}},
    }
    if operation.status == 202:  # noqa: PLR2004 - HTTP's own number
        response["headers"] = _LOCATION
    if operation.name in _LINKS:
        response["links"] = {
            next_operation: {
                "operationId": next_operation,
                "parameters": {"job_id": "$response.body#/job_id"},
            }
            for next_operation in _LINKS[operation.name]
        }
    return response


def _problem_responses(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[ProblemType]] = {}
    for kind in (*operation.problems, problems.INTERNAL):
        by_status.setdefault(int(kind.status), []).append(kind)
    return {
        str(status): {
            "description": "\n\n".join(f"`{k.type}`: {k.title}" for k in kinds),
            "content": {
                problems.MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"}
                }
            },
        }
        for status, kinds in sorted(by_status.items())
    }


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(to_text(document()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
