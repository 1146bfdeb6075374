"""Api: the REST API of a stack, called with the caller's AWS signature."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_SECONDS = 60.0
_PIECE = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The answer, read as JSON."""
        return json.loads(self.content)


class Refused(Exception):
    """The API answered with a problem; `problem` is its document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        wrong = [f"{e['pointer']} {e['detail']}" for e in problem.get("errors", ())]
        said = [str(problem.get("title", "The API refused.")), *wrong]
        super().__init__(" ".join([*said, str(problem.get("detail", ""))]).strip())
        self.problem = problem


class Api:
    """The API at an address, for one AWS identity; without one nothing is signed."""

    def __init__(self, url: str, *, region: str, who: Credentials | None) -> None:
        self._url = url.rstrip("/")
        self._region = region
        self._who = who

    def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a call, and give whatever answer comes."""
        url = self._url + path
        request = AWSRequest(method=method, url=url, data=content, headers=headers)
        if self._who is not None:
            SigV4Auth(self._who, "execute-api", self._region).add_auth(request)
        return _exchanged(
            urllib.request.Request(  # noqa: S310 - the address that the user gave
                url, content, dict(request.headers.items()), method=method
            )
        )

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Any:  # noqa: ANN401 - any JSON
        """Make a call of the API's description, and give what it answers.

        Raises:
            Refused: The answer is a problem.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        content = json.dumps(body).encode() if body is not None else None
        asked = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        answer = self.send(method, asked, content=content, headers=headers)
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's own number
            raise Refused(_problem(answer))
        return answer.document


def upload(form: Mapping[str, Any], content: bytes) -> str:
    """Post a file with a form of the API's; give the version that S3 made of it.

    Raises:
        Refused: S3 did not take it.
    """
    boundary = "verdict-courier-boundary-5b1c"
    part = f"--{boundary}\r\nContent-Disposition: form-data; name="
    fields = "".join(
        f'{part}"{name}"\r\n\r\n{value}\r\n' for name, value in form["fields"].items()
    )
    opening = f'{part}"file"; filename="file"\r\n\r\n'
    body = (fields + opening).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    answer = _exchanged(
        urllib.request.Request(  # noqa: S310 - the address that the API gave
            form["url"],
            body,
            {"Content-Type": f"multipart/form-data; boundary={boundary}"},
            method="POST",
        )
    )
    if answer.status >= 400:  # noqa: PLR2004 - HTTP's own number
        raise Refused({"title": "S3 did not take the file.", "status": answer.status})
    return answer.headers["x-amz-version-id"]


def fetched(href: str) -> bytes:
    """Fetch what a link of the API's leads to."""
    answer = _exchanged(urllib.request.Request(href))  # noqa: S310 - the same
    if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
        raise Refused({"title": "S3 did not give the file.", "status": answer.status})
    return answer.content


def opened(href: str) -> Iterator[bytes]:
    """Give, piece by piece, what a link of the API's leads to."""
    try:
        reply = urllib.request.urlopen(href, timeout=_SECONDS)  # noqa: S310 - the same
    except urllib.error.HTTPError as error:
        with error:
            said = {"title": "S3 did not give the file.", "status": error.code}
            raise Refused(said) from None
    return _pieces(reply)


def _pieces(reply: Any) -> Iterator[bytes]:  # noqa: ANN401 - a response of the standard library's
    with reply:
        while piece := reply.read(_PIECE):
            yield piece


def _exchanged(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310 - see the callers
            return _answer(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Any, content: bytes) -> Answer:  # noqa: ANN401 - a message of the standard library's
    lower = {name.lower(): value for name, value in headers.items()}
    return Answer(status=status, headers=lower, content=content)


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        read = answer.document
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {"title": f"HTTP {answer.status}"}
