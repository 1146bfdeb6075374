"""Canary: search texts for planted secrets, however they are encoded."""

import base64
import json
import re
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

#: Each link ends with 256 letters and digits; nothing else that we write does,
#: not even in base64.
_TOKEN_LENGTH = 200
_TOKEN = re.compile(rf"[A-Za-z0-9+/]{{{_TOKEN_LENGTH},}}")
#: Bytes to "a" where they can be in such a word, to a space elsewhere: one of any
#: letters is found ten times as fast as by the pattern.
_AS_WORDS = bytes(
    ord("a" if re.fullmatch(r"[A-Za-z0-9+/]", chr(byte)) else " ")
    for byte in range(256)
)
_ANY_TOKEN = b"a" * _TOKEN_LENGTH
#: The first part of a long secret is worth something already.
_PREFIX_LENGTH = 40


def encodings(secret: str) -> set[str]:
    """Return the forms in which a secret may be written."""
    raw = secret.encode()
    plain = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace("@", "\\u0040"),
        "".join(f"\\u{ord(letter):04x}" for letter in secret),
        raw.hex(),
    }
    return plain | {form.lower() for form in plain} | set(_base64(raw))


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the letters of base64 that depend on the secret alone.

    They differ with the secret's position in a longer text.
    """
    for position in range(3):
        encoded = base64.b64encode(bytes(position) + raw).decode().rstrip("=")
        letters = encoded[(0, 2, 3)[position] : -1]
        yield letters
        yield letters.replace("+", "-").replace("/", "_")


def find_leaks(text: str, secrets: Iterable[str]) -> list[str]:
    """Return the forms of secrets, or of their first part, that are in a text."""
    return [
        form
        for secret in secrets
        for form in encodings(secret[:_PREFIX_LENGTH])
        if form in text or form in text.lower()
    ]


def error_text(error: BaseException) -> str:
    """Return all that a handler, a log or Step Functions can show of an error.

    That is not `said`, which only the results bucket gets.
    """
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None:
        chain.append(current)
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    texts = [
        f"{each}\n{each!r}\n{each.args!r}\n{ {**vars(each), 'said': ''}!r}"
        for each in chain
    ]
    return "\n".join([*traceback.format_exception(error), *texts])


class Canary:
    """Searches what leaves the functions, and records where it found a secret.

    `searched` counts the texts by sink; `found` names sink and secret of each find.
    """

    def __init__(self, secrets: tuple[str, ...]) -> None:
        # Without regard to case, and much faster than one pattern of all forms.
        self._forms = {form.lower() for secret in secrets for form in encodings(secret)}
        self.searched: Counter[str] = Counter()
        self.found: list[str] = []

    def search(self, sink: str, text: str) -> None:
        """Search a text that is meant for a sink, such as the log."""
        self.searched[sink] += 1
        lower = text.lower()
        hits = [form for form in self._forms if form in lower]
        if _ANY_TOKEN in text.encode(errors="replace").translate(_AS_WORDS):
            hits += _TOKEN.findall(text)
        if hits:
            self.found.append(f"{sink}: {hits[0][:40]}")
