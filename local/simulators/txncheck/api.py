"""Answer calls of TxnCheck's API: access, submissions and status calls."""

import hashlib
import hmac
import re
from http import HTTPStatus
from urllib.parse import unquote

from local.simulators.content import Content
from local.simulators.http_writer import Headers, HttpReply
from local.simulators.request_log import HIDDEN
from local.simulators.server import HttpRequest
from local.simulators.txncheck.documents import status_answer, submit_answer, written
from local.simulators.txncheck.state import TxncheckState
from local.simulators.txncheck.validation import (
    METHODS,
    RequestRefused,
    fields_of,
    read_body,
)

_SIGNATURE_SECONDS = 300.0  # for which a signature is valid [V]


def answer_api(state: TxncheckState, request: HttpRequest) -> HttpReply:
    """Log a request of `/api/v1/…`, and answer it, as scripted if it is."""
    call, subject = find_route(request)
    # No query is documented, so its values may be personal data.
    hidden = {"x-signature", *request.query}
    entry = state.requests.record(request, "api", call, state.keys, hidden=hidden)
    if not call:
        entry.path = HIDDEN

    def act() -> HttpReply:
        try:
            return _carried_out(state, request, call, subject)
        except RequestRefused as error:
            sentences = list(error.sentences)
            as_list = state.behaviour.message_lists
            document = {
                "statusCode": error.status,
                "message": sentences if as_list else "; ".join(sentences),
                "error": str(error),
            }
            return _reply(document, error.status, more_headers=error.headers)

    return state.answer(call, act)


def find_route(request: HttpRequest) -> tuple[str, str]:
    """Return the call with its method or request id; "" for any other address."""
    rest = request.path.removeprefix(f"{TxncheckState.root}/")
    if request.method == "POST" and rest in METHODS:
        return "submit", rest
    match request.method, rest.split("/"):
        case "GET", ["requests", request_id] if request_id:
            return "check", unquote(request_id)
    return "", ""


def _carried_out(
    state: TxncheckState, request: HttpRequest, call: str, subject: str
) -> HttpReply:
    """Carry out a submission of a method, or a check of a request's id."""
    if not call:
        raise RequestRefused(
            HTTPStatus.NOT_FOUND, f"Cannot {request.method} this address"
        )
    body = read_body(request)
    _check_credentials(state, request, body)
    _check_account(state, subject if call == "submit" else None)
    behaviour, refused = state.behaviour, HTTPStatus.PAYMENT_REQUIRED
    if call in behaviour.calls_needing_credits and (
        state.now() < behaviour.credits_back_at
    ):
        raise RequestRefused(refused, "Insufficient balance")
    if call == "check":
        checked = state.find(subject)
        if checked is None:
            raise RequestRefused(HTTPStatus.NOT_FOUND, "Request not found")
        return _reply(status_answer(checked))
    media_type = request.headers.get_content_type()
    accepted = state.accept(
        subject, fields_of(subject, media_type, body, state.behaviour)
    )
    if accepted is None:
        raise RequestRefused(refused, "Insufficient balance")
    return _reply(submit_answer(accepted), HTTPStatus.ACCEPTED)


def _check_credentials(state: TxncheckState, request: HttpRequest, body: bytes) -> None:
    """Raise RequestRefused if the key or the signature is wrong."""
    refused, key = HTTPStatus.UNAUTHORIZED, request.headers.get(state.key_header)
    if key is None:
        raise RequestRefused(refused, "Missing X-API-Key header")
    if key not in state.keys:
        raise RequestRefused(refused, "Invalid API key")
    if state.signing_secret is None:
        return
    timestamp = request.headers.get("x-timestamp", "")
    signed = f"{timestamp}.{request.method}.{request.target}.".encode()
    signed += body or b"{}"
    expected = hmac.new(state.signing_secret.encode(), signed, hashlib.sha256)
    signature = request.headers.get("x-signature", "").encode()
    is_valid = hmac.compare_digest(expected.hexdigest().encode(), signature)
    if not is_valid or not re.fullmatch("[0-9]{1,16}", timestamp):
        raise RequestRefused(refused, "Invalid request signature")
    if state.now() - int(timestamp) / 1000 > _SIGNATURE_SECONDS:
        raise RequestRefused(refused, "Request timestamp expired")


def _check_account(state: TxncheckState, method: str | None) -> None:
    """Raise RequestRefused if the account may not call at all, now, or this method."""
    refused, behaviour = HTTPStatus.FORBIDDEN, state.behaviour
    if not behaviour.active:
        raise RequestRefused(refused, "Merchant account is deactivated")
    if not behaviour.address_allowed:
        raise RequestRefused(refused, "IP address not allowed")
    if limit := state.exceeded_limit(is_post=method is not None):
        raise RequestRefused(limit.status, "Rate limit exceeded", headers=limit.headers)
    allowed = behaviour.methods_allowed
    if method is not None and allowed is not None and method not in allowed:
        raise RequestRefused(refused, "Method not allowed for this merchant")


def _reply(
    document: object, status: int = HTTPStatus.OK, *, more_headers: Headers = ()
) -> HttpReply:
    headers = (("Content-Type", "application/json; charset=utf-8"), *more_headers)
    return HttpReply(status, headers, Content.of(written(document)))
