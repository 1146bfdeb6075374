"""Webhooks of TxnCheck: a known event of a request, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.providers.protocol import WebhookEvent
from functions.providers.txncheck.webhooks import EVENTS, parse_webhook

REFERENCE = "0f0e0d0c-0b0a-4908-8706-050403020100"


def webhook(**changes: object) -> bytes:
    """Return a webhook with some fields changed."""
    data = {"requestId": REFERENCE, "status": "COMPLETED", "result": {"pan": "x"}}
    whole = {"event": "request.completed", "timestamp": "2026-11-22", "data": data}
    return json.dumps(whole | changes).encode()


@pytest.mark.parametrize("event", EVENTS)
def test_reads_the_request_of_a_known_event(event: str) -> None:
    """Nothing else is read: the result is asked for."""
    assert parse_webhook(webhook(event=event)) == WebhookEvent(REFERENCE, event)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(webhook(event="request.created"), id="another event"),
        pytest.param(webhook(event="REQUEST.COMPLETED"), id="another case"),
        pytest.param(webhook(event=["request.completed"]), id="a list of events"),
        pytest.param(webhook(event=None), id="no event"),
        pytest.param(webhook(data=None), id="no data"),
        pytest.param(webhook(data=[REFERENCE]), id="a list"),
        pytest.param(webhook(data={}), id="no request"),
        pytest.param(webhook(data={"requestId": 7}), id="a number"),
        pytest.param(webhook(data={"requestId": ""}), id="empty"),
        pytest.param(webhook(data={"requestId": "../7"}), id="a path"),
        pytest.param(webhook(data={"requestId": "x" * 129}), id="long"),
        pytest.param(webhook(data={"requestId": REFERENCE + "\n"}), id="a line break"),
        pytest.param(webhook()[:-1], id="cut"),
        pytest.param(webhook()[:-1] + b',"event":"request.failed"}', id="twice"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_ignores_anything_else(body: bytes) -> None:
    """An id goes into a look-up, so only a valid one may."""
    assert parse_webhook(body) is None


@given(body=st.binary() | st.text().map(str.encode))
def test_survives_any_body(body: bytes) -> None:
    """Whoever has the secret may still send anything."""
    assert parse_webhook(body) is None
