"""Signatures: whether a webhook comes from who says so, and when.

What is signed, with what and where it stands, is a setting: one scheme, which the
simulators sign by and the receiver judges by.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

_TEMPLATES = ("{body}", "{ts}.{body}", "{id}.{ts}.{body}")
#: Digits enough for milliseconds until the year 5138.
_TIMESTAMP = re.compile(r"[0-9]{1,14}")
_PER_SECOND = {"seconds": 1, "milliseconds": 1000}


class Verdict(StrEnum):
    """What a signature shows."""

    VALID = "valid"
    UNSIGNED = "unsigned"  # a header lacks, or is not of its form
    FORGED = "forged"  # nobody who knows a secret signed this
    STALE = "stale"  # somebody did, too long ago or in the future


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How webhooks are signed; a header that there is none of is empty.

    A timestamp that is not signed proves nothing, and is not looked at.
    """

    signature_header: str
    timestamp_header: str
    id_header: str
    timestamp_unit: Literal["seconds", "milliseconds"]
    signed_template: Literal["{body}", "{ts}.{body}", "{id}.{ts}.{body}"]
    algorithm: Literal["sha256", "sha512"]
    encoding: Literal["hex", "base64"]
    prefix: str
    tolerance_seconds: float

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> Self:
        """Read the settings.

        Raises:
            KeyError: One is missing.
            ValueError: They do not fit each other.
        """
        scheme = cls(**{name: settings[name] for name in cls.__annotations__})
        known = (
            scheme.signed_template in _TEMPLATES
            and scheme.timestamp_unit in _PER_SECOND
            and scheme.algorithm in ("sha256", "sha512")
            and scheme.encoding in ("hex", "base64")
        )
        if not known or not scheme.signature_header:
            raise ValueError("the scheme of webhooks has a word that is not known")
        if scheme.signs_time and not scheme.timestamp_header:
            raise ValueError("the scheme of webhooks signs a time without a header")
        if scheme.signs_id and not scheme.id_header:
            raise ValueError("the scheme of webhooks signs an id without a header")
        return scheme

    @property
    def signs_time(self) -> bool:
        """Whether the timestamp is signed."""
        return "{ts}" in self.signed_template

    @property
    def signs_id(self) -> bool:
        """Whether the id of the delivery is signed."""
        return "{id}" in self.signed_template


def sign(
    scheme: Scheme, secret: str, *, body: bytes, timestamp: str, delivery_id: str
) -> str:
    """Give the value of the signature's header."""
    parts = [body]
    if scheme.signs_time:
        parts.insert(0, timestamp.encode())
    if scheme.signs_id:
        parts.insert(0, delivery_id.encode())
    digest = hmac.digest(secret.encode(), b".".join(parts), scheme.algorithm)
    if scheme.encoding == "hex":
        return f"{scheme.prefix}{digest.hex()}"
    return f"{scheme.prefix}{base64.b64encode(digest).decode()}"


def verify(
    scheme: Scheme,
    secrets: Sequence[str],
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
) -> Verdict:
    """Judge a webhook by the bytes that came; `now` in Unix seconds.

    The header has to be the very text that a secret makes, compared in constant
    time, so that no other spelling of a signature is one. Where no secret is known,
    nothing is valid.
    """
    given = {name.lower(): value for name, value in headers.items()}
    signature = given.get(scheme.signature_header.lower(), "")
    timestamp = given.get(scheme.timestamp_header.lower(), "")
    delivery_id = given.get(scheme.id_header.lower(), "")
    if not signature or not signature.isascii():
        return Verdict.UNSIGNED
    if scheme.signs_time and not _TIMESTAMP.fullmatch(timestamp):
        return Verdict.UNSIGNED
    if scheme.signs_id and not (delivery_id and delivery_id.isascii()):
        return Verdict.UNSIGNED

    matches = [
        hmac.compare_digest(
            sign(
                scheme,
                secret,
                body=body,
                timestamp=timestamp,
                delivery_id=delivery_id,
            ).encode(),
            signature.encode(),
        )
        for secret in secrets
        if secret
    ]
    if not any(matches):
        return Verdict.FORGED
    if scheme.signs_time:
        sent_at = int(timestamp) / _PER_SECOND[scheme.timestamp_unit]
        if abs(now - sent_at) > scheme.tolerance_seconds:
            return Verdict.STALE
    return Verdict.VALID
