"""Every route: call the API for a job, and hold each answer to what is documented."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from jsonschema import Draft202012Validator
from verdict_courier.api_client import ApiClient
from verdict_courier.cli import __main__ as command
from verdict_courier.cli import arguments

from functions.api.problems import MEDIA_TYPE
from tests.world.world import ApiResponse, World
from tools.openapi import document

_URL = "http://localhost:1"
_STAGE = "/local"
_SERVER_ERROR = 500


@dataclass
class Routes:
    """The routes of a world's API, each answer of which is what the API describes.

    `calls` are those that were made: the operation, and the status or the problem.
    """

    world: World
    calls: list[tuple[str, str]] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """Call a route once, and check its answer."""
        answer = self.world.call_api(method, path, body, query=query, tries=1)
        where = (method, path, answer)
        described = _operation(method, path)
        assert answer.status < _SERVER_ERROR, where
        assert str(answer.status) in described["responses"], where
        response = described["responses"][str(answer.status)]
        ((media_type, content),) = response["content"].items()
        errors = [*_validator(content["schema"]["$ref"]).iter_errors(answer.document)]
        assert not errors, (*where, [error.message for error in errors])
        said = str(answer.status)
        if media_type == MEDIA_TYPE:
            said = answer.document["type"]
            assert f"`{said}`" in response["description"], where
            assert answer.document["status"] == answer.status, where
        self.calls.append((described["operationId"], said.rpartition(":")[2]))
        return answer

    def read(self, job_id: str) -> Mapping[str, Any]:
        """Call all routes that read a job, and the links that it shows."""
        path = f"/jobs/{job_id}"
        job = self.call("GET", path).document
        for part in ("timeline", "results", "error"):
            self.call("GET", f"{path}/{part}")
        unknown = {"attempt": str(job["attempt"] + 1)}
        assert self.call("GET", f"{path}/error", query=unknown).status != 200
        (listed,) = (
            each
            for each in self.call("GET", "/jobs").document["jobs"]
            if each["job_id"] == job_id
        )
        assert listed == job
        return job

    def follow(self, links: Mapping[str, str]) -> Iterator[tuple[str, ApiResponse]]:
        """Call the links that a job shows, but that into the AWS console."""
        for name, link in links.items():
            if name != "execution":
                parts = urlsplit(link.removeprefix(_STAGE))
                query = dict(parse_qsl(parts.query))
                yield name, self.call("GET", parts.path, query=query)

    def linked(self, link: str) -> bytes | None:
        """Return the object of the results bucket that a link leads to, if any."""
        path = unquote(urlsplit(link).path)
        bucket = self.world.s3.buckets[self.world.results]
        found = [key for key in bucket if path.endswith(f"/{key}")]
        return bucket[found[0]][-1].content if found else None

    @contextmanager
    def connected(self) -> Iterator[ApiClient]:
        """Let the command line client call these routes until the block ends."""
        api = ApiClient(_URL, region="us-east-1", credentials=None)
        with (
            mock.patch.object(requests, "request", self._respond),
            mock.patch.object(command, "connect", return_value=api),
            # Which declares all commands anew for each one.
            mock.patch.object(arguments, "parser", _parser),
        ):
            yield api

    def _respond(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        **_: object,
    ) -> requests.Response:
        """Respond to the client, as the API, or as S3 to a link."""
        response = requests.Response()
        if not url.startswith(_URL):
            content = self.linked(url)
            response.status_code = 404 if content is None else 200
            response.raw = BytesIO(content or b"")
            return response
        parts = urlsplit(url)
        body = json.loads(data) if data else None
        query = dict(parse_qsl(parts.query))
        answer = self.call(method, parts.path, body, query)
        response.status_code = answer.status
        response.headers["Content-Type"] = "application/json"
        response.raw = BytesIO(json.dumps(answer.document).encode())
        return response


_parser = cache(arguments.parser)


@cache
def _described() -> dict[str, Any]:
    return document()


@cache
def _validator(reference: str) -> Draft202012Validator:
    schemas = _described()["components"]["schemas"]
    root = {"$ref": reference, "components": {"schemas": schemas}}
    return Draft202012Validator(
        root, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def _operation(method: str, path: str) -> Mapping[str, Any]:
    parts = path.strip("/").split("/")
    if parts[0] == "jobs" and parts[1:]:
        parts[1] = "{job_id}"
    operation: Mapping[str, Any] = _described()["paths"]["/" + "/".join(parts)][
        method.lower()
    ]
    return operation
