"""Gateway: a request of API Gateway's is read strictly, or refused with a problem."""

import binascii
import hashlib
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.api import json_schema, problems
from functions.api.problems import Problem
from functions.api.routes import MAX_BODY_BYTES, Operation, Parameter
from functions.core import strict_json

#: An event of API Gateway's, as it comes.
Event = Mapping[str, Any]

_SESSION = re.compile(r"^(arn:[^:]+:sts::[0-9]*:assumed-role/[^/]+)/.*$")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """What was asked, checked against the contract.

    `caller` is who signed it: a role without the name of the session, so that the
    same program is the same caller tomorrow. `jobs` is the path of all jobs, as
    the client sees it.
    """

    job_id: str = ""
    query: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    caller: str = ""
    jobs: str = "/jobs"

    @property
    def body_hash(self) -> str:
        """The hash of what the body says, however it was written."""
        text = json.dumps(self.body, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def read_request(event: Event, operation: Operation) -> ApiRequest:
    """Read a request.

    Raises:
        Problem: It is not what the operation takes.
    """
    identity = event["requestContext"].get("identity") or {}
    caller = str(identity.get("userArn") or identity.get("accountId") or "")
    return ApiRequest(
        job_id=str((event.get("pathParameters") or {}).get("job_id", "")),
        query=_query(event, operation),
        idempotency_key=_header(event, operation.parameters_in("header")),
        body=_body(event, operation),
        caller=_SESSION.sub(r"\1", caller),
        jobs=f"{_prefix(event)}/jobs",
    )


def _prefix(event: Event) -> str:
    """Give what stands before our paths in the client's: the stage, mostly."""
    whole, path = str(event["requestContext"].get("path", "")), str(event["path"])
    return whole.removesuffix(path) if whole.endswith(path) else ""


def _query(event: Event, operation: Operation) -> dict[str, Any]:
    given = event.get("multiValueQueryStringParameters") or {}
    known = {
        parameter.name: parameter for parameter in operation.parameters_in("query")
    }
    wrong: list[json_schema.ValidationError] = []
    query: dict[str, Any] = {}
    for name, values in given.items():
        if name not in known:
            allowed = ", ".join(known) or "none"
            wrong.append({"pointer": "?", "detail": f"may only be: {allowed}"})
        elif len(values) != 1:
            wrong.append({"pointer": name, "detail": "must be given once"})
        else:
            query[name] = _typed(values[0], known[name])
            wrong += json_schema.validation_errors(
                query[name], known[name].schema, at=name
            )
    if wrong:
        raise Problem(problems.REQUEST_INVALID, errors=tuple(wrong))
    return query


def _typed(value: str, parameter: Parameter) -> str | int:
    whole = parameter.schema["type"] == "integer" and _WHOLE.fullmatch(value)
    return int(value) if whole else value


def _header(event: Event, known: tuple[Parameter, ...]) -> str:
    """Give the value of the only header that an operation may take."""
    if not known:
        return ""
    (parameter,) = known
    given = {
        name.lower(): values
        for name, values in (event.get("multiValueHeaders") or {}).items()
    }
    values = given.get(parameter.name.lower(), [])
    if not values:
        return ""
    wrong = json_schema.validation_errors(
        values[0], parameter.schema, at=parameter.name
    )
    if len(values) > 1:
        wrong = ({"pointer": parameter.name, "detail": "must be given once"},)
    if wrong:
        raise Problem(problems.REQUEST_INVALID, errors=wrong)
    return str(values[0])


def _body(event: Event, operation: Operation) -> Mapping[str, Any]:
    if operation.body is None:
        return {}
    if _media_type(event) not in ("", "application/json"):
        raise Problem(problems.NOT_JSON)
    raw = _bytes(event)
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(problems.TOO_LARGE, f"At most {MAX_BODY_BYTES} bytes.")
    try:
        body = strict_json.parse(raw)
    except strict_json.NotStrictJson:
        raise Problem(
            problems.REQUEST_INVALID, "The body is not strict JSON."
        ) from None
    if wrong := json_schema.validation_errors(body, operation.body):
        raise Problem(problems.REQUEST_INVALID, errors=wrong)
    return dict(body)


def _media_type(event: Event) -> str:
    headers = event.get("headers") or {}
    given = {name.lower(): str(value) for name, value in headers.items()}
    return given.get("content-type", "").partition(";")[0].strip().lower()


def _bytes(event: Event) -> bytes:
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            return b64decode(body, validate=True)
        return str(body).encode()
    except (binascii.Error, UnicodeEncodeError):
        raise Problem(
            problems.REQUEST_INVALID, "The body is not strict JSON."
        ) from None
