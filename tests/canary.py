"""Canary: secrets that were planted, and must be found in no place but their own."""

import json
import re
from base64 import b64encode
from collections import Counter
from urllib.parse import quote, quote_plus

#: Each link ends with 256 letters and digits; nothing else that we write does,
#: in base64 neither.
_TOKEN = re.compile(r"[A-Za-z0-9+/]{200,}")


def forms(secret: str) -> set[str]:
    """A secret as it may show: plain, URL-encoded, JSON-escaped, in hex or base64."""
    raw = secret.encode()
    everywhere = "".join(f"\\u{ord(letter):04x}" for letter in secret)
    shifted = {
        # What of the base64 text does not depend on the neighbours.
        b64encode(bytes(before) + raw)[-(-before * 8 // 6) :][: len(raw) * 8 // 6 - 1]
        for before in range(3)
    }
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        everywhere,
        secret.replace("@", "\\u0040"),
        raw.hex(),
        *(text.decode() for text in shifted),
    }


class Canary:
    """Looks into what leaves the functions, and keeps where it found what."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._forms = {form: secret for secret in secrets for form in forms(secret)}
        self._any = re.compile("|".join(map(re.escape, self._forms)), re.IGNORECASE)
        self.looked: Counter[str] = Counter()
        self.found: list[str] = []

    def look(self, sink: str, text: str) -> None:
        """Look for every secret in a text that is meant for a sink."""
        self.looked[sink] += 1
        if (hit := self._any.search(text)) or (hit := _TOKEN.search(text)):
            self.found.append(f"{sink}: {hit[0][:40]}")
