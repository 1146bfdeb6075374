"""OpenAPI: the API's description, written from the contract that it is built by."""

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

#: What an answer lets a client do next: from an operation to others, by a member.
_LINKS = {
    "startJob": ("getJob", "getTimeline", "getResults", "cancelJob", "retryJob"),
    "retryJob": ("getJob", "cancelJob"),
    "cancelJob": ("getJob", "retryJob"),
    "getJob": ("getTimeline", "getResults", "cancelJob", "retryJob"),
}
_LOCATION = {
    "Location": {
        "description": "Where the job is.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}


def document() -> dict[str, Any]:
    """Describe the API with the providers and types of cdk.json."""
    providers = config.stage("prod", config.context()["courier"]).providers
    types = {name: known.types for name, known in providers.items()}
    paths: dict[str, dict[str, Any]] = {}
    endings = {name: known.extensions for name, known in providers.items()}
    for operation in operations(types, endings):
        described = paths.setdefault(operation.path, {})
        described[operation.method.lower()] = _operation(operation)
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


def encoded(described: Mapping[str, Any]) -> str:
    """Write a description the way it is committed."""
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "responses": {
            str(operation.status): _success(operation),
            **_refusals(operation),
        },
    }
    if operation.parameters:
        described["parameters"] = [_parameter(one) for one in operation.parameters]
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": operation.body}},
        }
    return described


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
    described: dict[str, Any] = {
        "description": operation.summary,
        "content": {"application/json": {"schema": schema}},
    }
    if operation.status == 202:  # noqa: PLR2004 - HTTP's own number
        described["headers"] = _LOCATION
    if operation.name in _LINKS:
        described["links"] = {
            follower: {
                "operationId": follower,
                "parameters": {"job_id": "$response.body#/job_id"},
            }
            for follower in _LINKS[operation.name]
        }
    return described


def _refusals(operation: Operation) -> dict[str, Any]:
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
    """Write the document anew."""
    DOCUMENT.write_text(encoded(document()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
