"""The shapes of the API's answers and of its refusals."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from local.simulators.content import Content
from local.simulators.faults import HTML
from local.simulators.http_writer import Reply

Document = Mapping[str, Any]


class Refused(Exception):
    """An HTTP error; its sentences are the provider's, and may quote input."""

    def __init__(
        self, status: int, *sentences: str, retry_after: str | None = None
    ) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status
        self.sentences = sentences
        self.retry_after = retry_after

    def reply(self, *, as_list: bool) -> Reply:
        """The refusal on its way, its message as a list or as one sentence."""
        sentences = list(self.sentences)
        document = {
            "statusCode": self.status,
            "message": sentences if as_list else "; ".join(sentences),
            "error": HTTPStatus(self.status).phrase,
        }
        refusal = reply(document, status=self.status)
        if self.retry_after is None:
            return refusal
        retry = ("Retry-After", self.retry_after)
        return Reply(self.status, (*refusal.headers, retry), refusal.content)


def reply(document: object, *, status: int = HTTPStatus.OK) -> Reply:
    """A document on its way."""
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    return Reply(status, headers, Content.of(written(document)))


def page(status: int) -> Reply:
    """A page for people, as gateways have them."""
    headers = (("Content-Type", "text/html; charset=UTF-8"),)
    return Reply(status, headers, Content.of(HTML))


def written(document: object) -> bytes:
    """A document as the provider writes it: compact."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def stamp(moment: float) -> str:
    """A moment as the provider writes it."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
