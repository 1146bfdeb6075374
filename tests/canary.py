"""Canary: search texts for planted secrets, in whatever form they were written."""

import json
import re
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

#: Each link ends with 256 letters and digits; nothing else that we write does,
#: not even in base64.
_TOKEN = re.compile(r"[A-Za-z0-9+/]{200,}")
#: Characters of a long secret that suffice to make use of it.
_SHORTEST = 40


def forms(secret: str) -> set[str]:
    """Return a secret plain, URL-encoded, JSON-escaped, in hex and in base64."""
    raw = secret.encode()
    plain = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        "".join(f"\\u{ord(letter):04x}" for letter in secret),
        secret.replace("@", "\\u0040"),
        repr(secret)[1:-1],
        raw.hex(),
    }
    encoded = {
        # The part of the base64 text that does not depend on what surrounds it.
        encode(bytes(before) + raw)[-(-before * 8 // 6) :][: len(raw) * 8 // 6 - 1]
        for encode in (b64encode, urlsafe_b64encode)
        for before in range(3)
    }
    return (
        plain | {form.lower() for form in plain} | {text.decode() for text in encoded}
    )


def leaked(text: str, secrets: Iterable[str]) -> list[str]:
    """Return the forms of secrets, or of their first part, that a text contains."""
    return [
        form
        for secret in secrets
        for form in forms(secret[:_SHORTEST])
        if form in text or form in text.lower()
    ]


def shown(error: BaseException) -> str:
    """Return all that a handler, a log or Step Functions can show of an error."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or (
            None if link.__suppress_context__ else link.__context__
        )
    each = [f"{link}\n{link!r}\n{link.args!r}\n{vars(link)!r}" for link in chain]
    return "\n".join([*traceback.format_exception(error), *each])


class Canary:
    """Searches what leaves the functions, and records where it found a secret.

    `searched` counts the texts by sink; `found` names sink and secret of each find.
    """

    def __init__(self, secrets: tuple[str, ...]) -> None:
        all_forms = {form for secret in secrets for form in forms(secret)}
        self._forms = re.compile("|".join(map(re.escape, all_forms)), re.IGNORECASE)
        self.searched: Counter[str] = Counter()
        self.found: list[str] = []

    def search(self, sink: str, text: str) -> None:
        """Search a text that is meant for a sink, such as the log."""
        self.searched[sink] += 1
        if (hit := self._forms.search(text)) or (hit := _TOKEN.search(text)):
            self.found.append(f"{sink}: {hit[0][:40]}")
