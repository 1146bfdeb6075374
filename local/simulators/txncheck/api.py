"""The API of TxnCheck: access, submissions and status calls."""

import hashlib
import hmac
import re
from http import HTTPStatus
from urllib.parse import unquote

from local.simulators.content import Content
from local.simulators.http_writer import Headers, HttpReply
from local.simulators.request_log import HIDDEN
from local.simulators.server import HttpRequest
from local.simulators.txncheck import documents
from local.simulators.txncheck.state import TxncheckState
from local.simulators.txncheck.validation import METHODS, ApiError, fields_of, read_body

_SIGNATURE_SECONDS = 300.0  # for which a signature is good [V]


class Api:
    """Answers the calls of `/api/v1/…`."""

    def __init__(self, state: TxncheckState) -> None:
        self._state = state

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Log the request, then answer it as its script says."""
        state, (call, subject) = self._state, _route(request)
        # No query is documented: whatever is in one may be personal data.
        hidden = {"x-signature", *request.query}
        entry = state.log(request, "api", call, hidden=hidden)
        if not call:
            entry.path = HIDDEN

        def act() -> HttpReply:
            try:
                return self._act(request, call, subject)
            except ApiError as error:
                return self._refusal(error)

        return state.answer(call, act)

    def _act(self, request: HttpRequest, call: str, subject: str) -> HttpReply:
        """Carry out a submission of a method, or a check of a request's id."""
        state = self._state
        if not call:
            sentence = f"Cannot {request.method} this address"
            raise ApiError(HTTPStatus.NOT_FOUND, sentence)
        body = read_body(request)
        self._check_credentials(request, body)
        self._check_account(subject if call == "submit" else None)
        if call == "check":
            found = state.find(subject)
            if found is None:
                raise ApiError(HTTPStatus.NOT_FOUND, "Request not found")
            return _reply(documents.status_answer(found))
        media_type = request.headers.get_content_type()
        fields = fields_of(subject, media_type, body, state.behaviour)
        accepted = state.accept(subject, fields)
        if accepted is None:
            raise ApiError(HTTPStatus.PAYMENT_REQUIRED, "Insufficient balance")
        return _reply(documents.accepted(accepted), HTTPStatus.ACCEPTED)

    def _check_credentials(self, request: HttpRequest, body: bytes) -> None:
        """Raise ApiError if the key or the signature is wrong."""
        state = self._state
        key = request.headers.get(state.key_header)
        if key is None:
            raise ApiError(HTTPStatus.UNAUTHORIZED, "Missing X-API-Key header")
        if key not in state.keys:
            raise ApiError(HTTPStatus.UNAUTHORIZED, "Invalid API key")
        if state.signing_secret is None:
            return
        timestamp = request.headers.get("x-timestamp", "")
        signature = request.headers.get("x-signature", "")
        signed = f"{timestamp}.{request.method}.{request.target}.".encode()
        signed += body or b"{}"
        right = hmac.new(state.signing_secret.encode(), signed, hashlib.sha256)
        if not hmac.compare_digest(
            right.hexdigest().encode(), signature.encode()
        ) or not re.fullmatch("[0-9]{1,16}", timestamp):
            raise ApiError(HTTPStatus.UNAUTHORIZED, "Invalid request signature")
        if state.now() - int(timestamp) / 1000 > _SIGNATURE_SECONDS:
            raise ApiError(HTTPStatus.UNAUTHORIZED, "Request timestamp expired")

    def _check_account(self, method: str | None) -> None:
        """Raise ApiError if the account may not call at all, now, or this method."""
        state, behaviour = self._state, self._state.behaviour
        if not behaviour.active:
            raise ApiError(HTTPStatus.FORBIDDEN, "Merchant account is deactivated")
        if not behaviour.address_allowed:
            raise ApiError(HTTPStatus.FORBIDDEN, "IP address not allowed")
        if limit := state.exceeded_limit(is_post=method is not None):
            raise ApiError(limit.status, "Rate limit exceeded", headers=limit.headers)
        allowed = behaviour.methods_allowed
        if method is not None and allowed is not None and method not in allowed:
            sentence = "Method not allowed for this merchant"
            raise ApiError(HTTPStatus.FORBIDDEN, sentence)

    def _refusal(self, error: ApiError) -> HttpReply:
        sentences = list(error.sentences)
        as_list = self._state.behaviour.message_lists
        document = {
            "statusCode": error.status,
            "message": sentences if as_list else "; ".join(sentences),
            "error": str(error),
        }
        return _reply(document, error.status, more_headers=error.headers)


def _route(request: HttpRequest) -> tuple[str, str]:
    """Return the call with its method or request id; "" for any other address."""
    root, _, rest = request.path.partition(f"{TxncheckState.root}/")
    if not root and request.method == "POST" and rest in METHODS:
        return "submit", rest
    prefix, _, request_id = rest.partition("/")
    found = prefix == "requests" and request_id and "/" not in request_id
    if not root and request.method == "GET" and found:
        return "check", unquote(request_id)
    return "", ""


def _reply(
    document: object, status: int = HTTPStatus.OK, *, more_headers: Headers = ()
) -> HttpReply:
    headers = (("Content-Type", "application/json; charset=utf-8"), *more_headers)
    return HttpReply(status, headers, Content.of(documents.written(document)))
