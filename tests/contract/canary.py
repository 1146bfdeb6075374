"""Canary: whether a secret got into a text, in whatever form."""

import base64
import json
import traceback
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

#: Enough of a long secret to be worth something.
_SHORTEST = 40


def encodings(secret: str) -> set[str]:
    """Give the ways in which a secret may be written down."""
    raw = secret.encode()
    plain = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        raw.hex(),
    }
    return plain | {form.lower() for form in plain} | set(_base64(raw))


def _base64(raw: bytes) -> Iterator[str]:
    """Give the secret's own letters, at each place it can have in a longer text."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        own = encoded[(0, 2, 3)[before] : -1]
        yield own
        yield own.replace("+", "-").replace("/", "_")


def find_leaks(text: str, secrets: Iterable[str]) -> list[str]:
    """Give the forms of secrets, or of their first part, that a text holds."""
    return [
        form
        for secret in secrets
        for form in encodings(secret[:_SHORTEST])
        if form in text or form in text.lower()
    ]


def error_text(error: BaseException) -> str:
    """Give all that a handler, a log or Step Functions can show of an error."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or (
            None if link.__suppress_context__ else link.__context__
        )
    each = [f"{link}\n{link!r}\n{link.args!r}\n{vars(link)!r}" for link in chain]
    return "\n".join([*traceback.format_exception(error), *each])
