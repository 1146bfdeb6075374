"""Request: read a request of API Gateway strictly, or raise a problem."""

import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.api import problems
from functions.api.json_schema import ValidationError, validation_errors
from functions.api.problems import Problem
from functions.api.request_schemas import LIST_OPTIONS, MAX_KEY_BYTES, REMARKS
from functions.api.routes import MAX_BODY_BYTES, Operation, Parameter
from functions.core import strict_json
from functions.core.identity import is_job_id_prefix

#: An event of API Gateway's Lambda proxy integration.
Event = Mapping[str, Any]

_SESSION = re.compile(r"^(arn:[^:]+:sts::[0-9]*:assumed-role/[^/]+)/.*$")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])+)"')
_INTEGER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """A request that matches its operation.

    `caller` is the signer's ARN; that of a role is without the session's name, so that
    a program is the same caller in every session. `job_id` may be its first digits.
    `jobs` is the path of the list of jobs, as the client sees it.
    """

    job_id: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    caller: str = ""
    jobs: str = "/jobs"

    @property
    def body_hash(self) -> str:
        """The hash of the body's JSON, whatever the order of its members.

        A wish that is false says the same as one that is not there (that there is no
        header is no wish), and a remark says nothing about which job is asked for.
        """
        said = {
            name: value
            for name, value in self.body.items()
            if (value is not False or name in LIST_OPTIONS) and name not in REMARKS
        }
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def read_request(event: Event, operation: Operation) -> ApiRequest:
    """Read a request for an operation.

    Raises:
        Problem: The request does not match the operation.
    """
    identity = event["requestContext"].get("identity") or {}
    caller = str(identity.get("userArn") or identity.get("accountId") or "")
    return ApiRequest(
        job_id=_job_id(event, operation),
        query=_query(event, operation),
        idempotency_key=_idempotency_key(event, operation),
        body=_body(event, operation),
        caller=_SESSION.sub(r"\1", caller),
        jobs=f"{_path_prefix(event)}/jobs",
    )


def _path_prefix(event: Event) -> str:
    """Return the part of the client's path before the API's own: mostly the stage."""
    client_path = str(event["requestContext"].get("path", ""))
    path = str(event["path"])
    return client_path.removesuffix(path) if client_path.endswith(path) else ""


def _job_id(event: Event, operation: Operation) -> str:
    if not operation.parameters_in("path"):
        return ""
    job_id = str((event.get("pathParameters") or {}).get("job_id", ""))
    if not is_job_id_prefix(job_id):  # DynamoDB refuses keys of more than 2,048 bytes
        raise Problem(problems.JOB_NOT_FOUND)
    return job_id


def _query(event: Event, operation: Operation) -> dict[str, Any]:
    parameters = {p.name: p for p in operation.parameters_in("query")}
    query: dict[str, Any] = {}
    errors: list[ValidationError] = []
    for name, values in (event.get("multiValueQueryStringParameters") or {}).items():
        if name in parameters:
            query[name], value_errors = _parameter(parameters[name], values)
            errors += value_errors
        else:
            allowed = ", ".join(parameters) or "none"
            errors.append({"pointer": "?", "detail": f"may only be: {allowed}"})
    if errors:
        raise Problem(problems.REQUEST_INVALID, errors=tuple(errors))
    return query


def _idempotency_key(event: Event, operation: Operation) -> str:
    """Return the only header that an operation may take, "" if it is not there."""
    headers = _lower_names(event.get("multiValueHeaders"))
    for parameter in operation.parameters_in("header"):
        if values := headers.get(parameter.name.lower()):
            value, errors = _parameter(parameter, values)
            if errors:
                raise Problem(problems.REQUEST_INVALID, errors=errors)
            return _unquoted(str(value))
    return ""


def _unquoted(value: str) -> str:
    """Return the text of a header that may be a quoted string (RFC 9651).

    The draft of the header Idempotency-Key wants it in quotes; most clients write none.
    """
    quoted = _QUOTED.fullmatch(value)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value


def _parameter(
    parameter: Parameter, values: Sequence[str]
) -> tuple[str | int, tuple[ValidationError, ...]]:
    """Return a parameter's value and its validation errors."""
    name, schema = parameter.name, parameter.schema
    if len(values) != 1:
        return "", ({"pointer": name, "detail": "must be given once"},)
    value: str | int = values[0]
    if schema["type"] == "integer" and _INTEGER.fullmatch(values[0]):
        value = int(value)
    return value, validation_errors(value, schema, at=name)


def _body(event: Event, operation: Operation) -> Mapping[str, Any]:
    text = str(event.get("body") or "")
    if operation.body is None or not (text or operation.body_is_required):
        return {}
    content_type = str(_lower_names(event.get("headers")).get("content-type", ""))
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise Problem(problems.NOT_JSON)
    try:
        encoded = event.get("isBase64Encoded")
        body = b64decode(text, validate=True) if encoded else text.encode()
        if len(body) > MAX_BODY_BYTES:
            raise Problem(problems.TOO_LARGE, f"At most {MAX_BODY_BYTES} bytes.")
        document = strict_json.parse(body)
    except ValueError:  # of base64, UTF-8 or JSON
        raise Problem(
            problems.REQUEST_INVALID, "The body is not strict JSON."
        ) from None
    if errors := validation_errors(document, operation.body):
        raise Problem(problems.REQUEST_INVALID, errors=errors)
    if len(document.get("key", "").encode()) > MAX_KEY_BYTES:  # no schema counts bytes
        detail = f"must have at most {MAX_KEY_BYTES} bytes in UTF-8"
        errors = ({"pointer": "/key", "detail": detail},)
        raise Problem(problems.REQUEST_INVALID, errors=errors)
    return dict(document)


def _lower_names(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name.lower(): value for name, value in (headers or {}).items()}
