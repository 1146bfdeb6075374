"""Call the REST API, signed with AWS credentials, and the links that it returns."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote, urlencode

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_TIMEOUT_SECONDS = 60.0
_CHUNK_BYTES = 256 * 1024


class ApiError(Exception):
    """The API or S3 refused the call; `problem` is the RFC 9457 document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        errors = [f"{e['pointer']} {e['detail']}" for e in problem.get("errors", ())]
        title = str(problem.get("title", "The API refused the call."))
        detail = str(problem.get("detail", ""))
        super().__init__(" ".join([title, *errors, detail]).strip())
        self.problem = problem


class ApiUnreachable(Exception):
    """There is no API to call, or it did not respond; the message says why."""


class ApiClient:
    """The API at a URL; calls are signed unless `credentials` is None."""

    def __init__(
        self, url: str, *, region: str, credentials: Credentials | None
    ) -> None:
        self._url = url.rstrip("/")
        self._region = region
        self._credentials = credentials

    @classmethod
    def local(cls, url: str) -> Self:
        """Return a client of a local stack's API, which takes any credentials."""
        return cls(url, region="us-east-1", credentials=Credentials("test", "test"))

    def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Make a call, and return the response whatever its status.

        Raises:
            ApiUnreachable: No response came.
        """
        url = self._url + path
        signed = AWSRequest(method=method, url=url, data=content, headers=headers)
        if self._credentials is not None:
            SigV4Auth(self._credentials, "execute-api", self._region).add_auth(signed)
        return _send(method, url, data=content, headers=dict(signed.headers.items()))

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Any:  # noqa: ANN401 - any JSON
        """Call an operation of the API, and return the JSON of its response.

        Raises:
            ApiError: The response is a problem.
            ApiUnreachable: No response came.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        content = json.dumps(body).encode() if body is not None else None
        if query:
            path = f"{path}?{urlencode(query, quote_via=quote)}"
        response = self.send(method, path, content=content, headers=headers)
        if not response.ok:
            raise ApiError(_problem(response))
        return response.json()


def upload(form: Mapping[str, Any], content: bytes) -> str:
    """Post a file with an upload form of the API, and return its S3 version id.

    Raises:
        ApiError: S3 did not accept the file.
        ApiUnreachable: No response came.
    """
    response = _send(
        "POST", form["url"], data=form["fields"], files={"file": ("file", content)}
    )
    if not response.ok:
        raise _s3_error("S3 did not accept the file.", response)
    return response.headers["x-amz-version-id"]


def download(link: str) -> bytes:
    """Return the content of the object that a link of the API leads to.

    Raises:
        ApiError: S3 did not return the object.
        ApiUnreachable: No response came.
    """
    return b"".join(stream(link))


def stream(link: str) -> Iterator[bytes]:
    """Request the object that a link leads to, and return its content in chunks.

    Raises:
        ApiError: S3 did not return the object.
        ApiUnreachable: No response came.
    """
    # As it is stored: a compressed transfer would not have the announced length.
    response = _send("GET", link, headers={"Accept-Encoding": "identity"}, stream=True)
    if response.status_code != requests.codes.ok:
        with response:
            raise _s3_error("S3 did not return the file.", response)
    return _chunks(response)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    with response:
        try:
            yield from response.iter_content(_CHUNK_BYTES)
        except requests.RequestException as error:
            raise ApiUnreachable(f"The transfer broke off: {_cause(error)}") from None


def _send(method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 - of requests
    try:
        return requests.request(
            method,
            url,
            timeout=_TIMEOUT_SECONDS,
            # Otherwise requests would send a password from ~/.netrc, not our signature.
            auth=lambda prepared: prepared,
            **options,
        )
    except requests.RequestException as error:
        raise ApiUnreachable(f"No answer from the API: {_cause(error)}") from None


def _cause(error: requests.RequestException) -> str:
    """Return the last part of an error's text: earlier ones name the (secret) URL."""
    first = error.args[0] if error.args else error
    return str(getattr(first, "reason", first)).rpartition(": ")[2]


def _problem(response: requests.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    return {"title": f"HTTP {response.status_code}"}


def _s3_error(title: str, response: requests.Response) -> ApiError:
    return ApiError({"title": title, "status": response.status_code})
