"""Call the REST API, signed with AWS credentials, and the links that it returns."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from verdict_courier.api_description import response_members
from verdict_courier.upload_body import UploadBody

_TIMEOUT_SECONDS = 60.0
_CHUNK_BYTES = 256 * 1024
#: How often a transfer goes on after it broke off.
_MAX_RESUMES = 4
#: More than API Gateway lets through.
_MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
_JSON_TYPES = ("application/json", "application/problem+json")
#: The only hosts that are called by `http`.
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class ApiError(Exception):
    """The API or S3 refused the call; `problem` is the RFC 9457 document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        errors = [
            f"{error.get('pointer', '')} {error.get('detail', '')}"
            for error in problem.get("errors") or ()
        ]
        title = str(problem.get("title", "The API refused the call."))
        detail = str(problem.get("detail", ""))
        super().__init__(" ".join([title, *errors, detail]).strip())
        self.problem = problem
        #: The HTTP status; 0 where there is none.
        self.status = int(problem.get("status", 0))


class ApiUnreachable(Exception):
    """There is no API to call, or it did not respond; the message says why."""


class ForeignAnswer(ApiUnreachable):
    """Something else than the API or S3 answered in its place, such as a proxy."""


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
        """Make a call, and return the response unless it is a redirect.

        Its content has not been read yet.

        Raises:
            ApiUnreachable: No response came, or one that is not the API's.
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
            ApiUnreachable: No response came, or one that is not the API's.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        content = json.dumps(body).encode() if body is not None else None
        members = response_members(method, path)
        if query:
            path = f"{path}?{urlencode(query, quote_via=quote)}"
        response = self.send(method, path, content=content, headers=headers)
        document = _document(response)
        if not response.ok:
            status = response.status_code
            raise ApiError({"title": f"HTTP {status}", **document, "status": status})
        if not members <= document.keys():
            raise _foreign(response, "JSON of another kind")
        return document


def upload(form: Mapping[str, Any], file: Path) -> str:
    """Post a file with an upload form of the API, and return its S3 version id.

    Raises:
        ApiError: S3 did not accept the file.
        ApiUnreachable: No response came, or one that is not S3's.
        OSError: The file cannot be read.
    """
    with file.open("rb") as opened:
        body = UploadBody(form["fields"], opened)
        headers = {"Content-Type": body.content_type}
        response = _send("POST", form["url"], data=body, headers=headers)
    with response:
        if not response.ok:
            raise _s3_error("S3 did not accept the file.", response)
        if "x-amz-version-id" not in response.headers:
            raise _foreign(response, "no version of an object")
    return response.headers["x-amz-version-id"]


def stream(link: str) -> Iterator[bytes]:
    """Request the object that a link leads to, and return its content in chunks.

    Raises:
        ApiError: S3 did not return the object.
        ApiUnreachable: No response came, or it broke off.
    """
    response = _request_object(link)
    if response.status_code != requests.codes.ok:
        with response:
            raise _s3_error("S3 did not return the file.", response)
    return _resumed(link, response)


def _resumed(link: str, response: requests.Response) -> Iterator[bytes]:
    """Yield the content of a response, and what is left where it breaks off."""
    received = 0
    for resumes in range(_MAX_RESUMES + 1):
        try:
            for chunk in _chunks(response):
                received += len(chunk)
                yield chunk
        except ApiUnreachable:
            if resumes == _MAX_RESUMES:
                raise
            response = _request_object(link, since=received)
            begins = response.headers.get("Content-Range", "")  # of a 206 only
            if not begins.startswith(f"bytes {received}-"):
                response.close()
                raise
        else:
            return


def _request_object(link: str, *, since: int | None = None) -> requests.Response:
    """Request an object, or what is behind its first bytes."""
    # As it is stored: a compressed transfer would not have the announced length.
    part = {} if since is None else {"Range": f"bytes={since}-"}
    return _send("GET", link, headers={"Accept-Encoding": "identity", **part})


def _chunks(response: requests.Response) -> Iterator[bytes]:
    with response:
        try:
            yield from response.iter_content(_CHUNK_BYTES)
        except requests.RequestException as error:
            raise ApiUnreachable(f"The transfer broke off: {_cause(error)}") from None


def _send(method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 - of requests
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in THIS_MACHINE:
        raise ApiUnreachable(f"{parts.hostname}: only https is used, others could read")
    try:
        response = requests.request(
            method,
            url,
            timeout=_TIMEOUT_SECONDS,
            # A redirect would be sent our signature, and a 307 the file as well.
            allow_redirects=False,
            stream=True,
            # Otherwise requests would send a password from ~/.netrc, not our signature.
            auth=lambda prepared: prepared,
            **options,
        )
    except requests.RequestException as error:
        raise ApiUnreachable(f"No answer from the API: {_cause(error)}") from None
    if 300 <= response.status_code < 400:  # noqa: PLR2004 - the redirects
        with response:
            raise _foreign(response, "a redirect, which is not followed")
    return response


def _cause(error: requests.RequestException) -> str:
    """Return the last part of an error's text: earlier ones name the (secret) URL."""
    first = error.args[0] if error.args else error
    return str(getattr(first, "reason", first)).rpartition(": ")[2]


def _document(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object that a response contains, a result or a problem."""
    content = b""
    for chunk in _chunks(response):
        content += chunk
        if len(content) > _MAX_DOCUMENT_BYTES:
            response.close()
            raise _foreign(response, "too long")
    if _media_type(response) not in _JSON_TYPES:
        raise _foreign(response, _media_type(response) or "without a content type")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _foreign(response, "no valid JSON") from None
    if not isinstance(document, dict):
        raise _foreign(response, "JSON of another kind")
    return document


def _media_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _foreign(response: requests.Response, what: str) -> ForeignAnswer:
    return ForeignAnswer(
        f"The answer is not the API's: HTTP {response.status_code}, {what}. "
        "Check the URL, and whether a proxy answers in its place."
    )


def _s3_error(title: str, response: requests.Response) -> ApiError:
    return ApiError({"title": title, "status": response.status_code})
