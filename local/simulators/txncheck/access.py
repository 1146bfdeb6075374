"""Who may call: the key, the account, and the signature of a request."""

import hashlib
import hmac
from http import HTTPStatus

from local.simulators.server import Request
from local.simulators.txncheck.replies import Refused
from local.simulators.txncheck.routes import Submit
from local.simulators.txncheck.state import World

KEY_HEADER = "x-api-key"
TIMESTAMP_HEADER = "x-timestamp"
SIGNATURE_HEADER = "x-signature"
LIFETIME_SECONDS = 300.0

_LONGEST_TIMESTAMP = 16


def check(world: World, request: Request, body: bytes) -> None:
    """Let a caller through.

    Raises:
        Refused: The key or the signature is wrong.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Missing X-API-Key header")
    if key not in world.keys:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid API key")
    if world.signing_secret is not None:
        _check_signature(request, body, world.signing_secret, now=world.now())


def check_account(world: World, submit: Submit | None) -> None:
    """Let the account through, for a method if it is a submission.

    Raises:
        Refused: It may not call at all, or from here, or too often, or this method.
    """
    behaviour = world.behaviour
    if not behaviour.active:
        raise Refused(HTTPStatus.FORBIDDEN, "Merchant account is deactivated")
    if not behaviour.address_allowed:
        raise Refused(HTTPStatus.FORBIDDEN, "IP address not allowed")
    if limit := world.too_often(is_post=submit is not None):
        raise Refused(
            limit.status, "Rate limit exceeded", retry_after=limit.retry_after
        )
    allowed = behaviour.methods_allowed
    if submit is not None and allowed is not None and submit.method not in allowed:
        raise Refused(HTTPStatus.FORBIDDEN, "Method not allowed for this merchant")


def _check_signature(request: Request, body: bytes, secret: str, *, now: float) -> None:
    timestamp = request.headers.get(TIMESTAMP_HEADER, "")
    text = f"{timestamp}.{request.method}.{request.target}.".encode()
    right = hmac.new(secret.encode(), text + (body or b"{}"), hashlib.sha256)
    given = request.headers.get(SIGNATURE_HEADER, "")
    if not hmac.compare_digest(right.hexdigest().encode(), given.encode()):
        raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid request signature")
    readable = timestamp.isascii() and timestamp.isdecimal()
    if not readable or len(timestamp) > _LONGEST_TIMESTAMP:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid request signature")
    if now - int(timestamp) / 1000 > LIFETIME_SECONDS:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Request timestamp expired")
