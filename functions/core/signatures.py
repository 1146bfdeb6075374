"""Signatures: sign webhooks, and verify that their sender knows the shared secret."""

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Template = Literal["{body}", "{ts}.{body}", "{id}.{ts}.{body}"]

TEMPLATES: tuple[Template, ...] = ("{body}", "{ts}.{body}", "{id}.{ts}.{body}")

_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_PREFIX = re.compile(r"[!-~]{0,32}")
_TIMESTAMP = re.compile(r"[0-9]{1,16}")
#: Has no dot: otherwise the id "a.1" at time 2 and the id "a" at time 1 could sign
#: the same bytes.
_DELIVERY_ID = re.compile(r"[!-,\-/-~]{1,256}")
#: The form of a digest by algorithm and encoding; other text is no signature.
_DIGESTS = {
    ("sha256", "hex"): re.compile(r"[0-9a-f]{64}"),
    ("sha512", "hex"): re.compile(r"[0-9a-f]{128}"),
    ("sha256", "base64"): re.compile(r"[A-Za-z0-9+/]{43}="),
    ("sha512", "base64"): re.compile(r"[A-Za-z0-9+/]{86}=="),
}


class SignatureVerdict(StrEnum):
    """The result of checking a webhook's signature."""

    VALID = "valid"
    UNSIGNED = "unsigned"  # a header is missing, sent twice, or malformed
    FORGED = "forged"  # none of the secrets makes this signature
    STALE = "stale"  # validly signed, but too far in the past or in the future


@dataclass(frozen=True, kw_only=True)
class SignatureScheme:
    """How a provider signs its webhooks; a setting, because providers differ.

    The name of a header that is not sent is "". A timestamp is checked only if the
    template signs it: whoever replays a webhook can change any other one.
    """

    signature_header: str
    timestamp_header: str
    id_header: str
    timestamp_unit: Literal["seconds", "milliseconds"]
    signed_template: Template
    algorithm: Literal["sha256", "sha512"]
    encoding: Literal["hex", "base64"]  # lower-case, or standard with its padding
    prefix: str  # before the digest, such as "sha256="
    tolerance_seconds: float  # into the past, and into the future

    def __post_init__(self) -> None:
        is_required = {
            "signature_header": True,
            "timestamp_header": "{ts}" in self.signed_template,
            "id_header": "{id}" in self.signed_template,
        }
        for name, required in is_required.items():
            header = getattr(self, name)
            if not _HEADER.fullmatch(header) and (header or required):
                raise ValueError(f"{name} must name a header")
        headers = [getattr(self, name).lower() for name in is_required]
        used = [header for header in headers if header]
        if len(set(used)) != len(used):
            raise ValueError("the headers must differ from each other")
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError("prefix must be up to 32 visible characters")
        if not 0 < self.tolerance_seconds < math.inf:  # NaN is neither
            raise ValueError("tolerance_seconds must be a positive number")


def sign(
    scheme: SignatureScheme,
    secret: str,
    *,
    body: bytes,
    timestamp: str,
    delivery_id: str,
) -> str:
    """Return the value of the signature header.

    Raises:
        ValueError: The secret is empty, or the timestamp or the delivery id is
            malformed, so that `verify` would reject the signature.
    """
    parts = _signed_parts(scheme, timestamp=timestamp, delivery_id=delivery_id)
    if not secret or parts is None:
        raise ValueError("an empty secret, a malformed timestamp or delivery id")
    return _signature(scheme, secret, b".".join([*parts, body]))


def verify(
    scheme: SignatureScheme,
    secrets: Sequence[str],
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
) -> SignatureVerdict:
    """Verify the signature of a webhook's raw body, at the time `now`.

    Several secrets are accepted, for the time in which the secret changes. Every
    secret is tried, in constant time. An empty secret verifies nothing.
    """
    signature = _header(headers, scheme.signature_header)
    timestamp = _header(headers, scheme.timestamp_header)
    delivery_id = _header(headers, scheme.id_header)
    parts = _signed_parts(scheme, timestamp=timestamp, delivery_id=delivery_id)
    if parts is None or not _is_well_formed(scheme, signature):
        return SignatureVerdict.UNSIGNED

    # The encoded texts are compared, not the digests: the provider writes each digest
    # in one way, without capital letters or spare bits of base64.
    signed = b".".join([*parts, body])
    is_valid = False
    for secret in filter(None, secrets):
        expected = _signature(scheme, secret, signed).encode()
        is_valid |= hmac.compare_digest(expected, signature.encode())
    if not is_valid:
        return SignatureVerdict.FORGED

    if "{ts}" in scheme.signed_template:
        unit = 1000 if scheme.timestamp_unit == "milliseconds" else 1
        if abs(now - int(timestamp) / unit) > scheme.tolerance_seconds:
            return SignatureVerdict.STALE
    return SignatureVerdict.VALID


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value, "" unless it was sent once; names ignore case."""
    values = [value for key, value in headers.items() if key.lower() == name.lower()]
    return values[0] if len(values) == 1 else ""


def _signed_parts(
    scheme: SignatureScheme, *, timestamp: str, delivery_id: str
) -> list[bytes] | None:
    """Return what is signed before the body, None if a part of it is malformed."""
    values = {"{id}": (_DELIVERY_ID, delivery_id), "{ts}": (_TIMESTAMP, timestamp)}
    parts = []
    for name in scheme.signed_template.split(".")[:-1]:
        pattern, text = values[name]
        if not pattern.fullmatch(text):
            return None
        parts.append(text.encode())
    return parts


def _is_well_formed(scheme: SignatureScheme, signature: str) -> bool:
    if not signature.startswith(scheme.prefix):
        return False
    digest = signature.removeprefix(scheme.prefix)
    form = _DIGESTS[scheme.algorithm, scheme.encoding]
    return form.fullmatch(digest) is not None


def _signature(scheme: SignatureScheme, secret: str, signed: bytes) -> str:
    digest = hmac.new(secret.encode(), signed, getattr(hashlib, scheme.algorithm))
    if scheme.encoding == "hex":
        return scheme.prefix + digest.hexdigest()
    return scheme.prefix + base64.b64encode(digest.digest()).decode()
