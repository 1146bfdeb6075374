"""A notice reaches its receivers, signed, whatever the receivers do."""

import base64
import json
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import create_autospec

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from functions.aws.secret import CachedSecrets, Secret
from functions.core.errors import (
    AnswerLost,
    CourierError,
    CredentialsMissing,
    LinkRefused,
    MessageUnreadable,
    ProviderUnavailable,
    SettingsMissing,
)
from functions.core.notice_formats import read_notice, slack_body, standard_body
from functions.core.notice_receivers import NoticeReceiver, receivers_by_queue
from functions.forward_notice import Delivery, NoticeRefused, delivery_of, forward
from functions.providers.transport.http import HttpClient
from tests.unit.odd_receiver import HANG, OddReceiver

NEW, OLD = (
    f"whsec_{base64.b64encode(text * 8).decode()}" for text in (b"new!", b"old!")
)
END: dict[str, Any] = {
    "job_id": "3f2a9c" * 10 + "0000",
    "provider": "ipqs",
    "type": "email",
    "outcome": "succeeded",
    "error": "",
    "advice": "",
    "verdict": "complete",
    "manifest_key": "ipqs/email/3f2a/manifest.json",
    "error_key": "",
    "late": False,
    "attempt": 1,
    "results_bucket": "results",
}
QUOTE: dict[str, Any] = {
    "notice": "quote",
    "job_id": END["job_id"],
    "provider": "ipqs",
    "type": "email",
    "attempt": 1,
    "reason": "approve_above",
    "approve_until": "2026-11-29T10:00:00Z",
    "quote": {"to_send": 12_000},
}
SIGNED = NoticeReceiver(
    format="standard-webhooks", url="https://crm.example.com/hook", secret="arn:signing"
)
SLACK = NoticeReceiver(format="slack", secret="arn:slack")


def stored(value: object) -> Secret:
    """Return a receiver's secret with a value."""
    secrets = create_autospec(CachedSecrets, instance=True)
    secrets.text.return_value = json.dumps(value)
    return Secret("arn", secrets=secrets)


def signing(current: str, previous: str = "") -> Secret:
    """Return the secret of a receiver that verifies signatures."""
    return stored({"current": current, "previous": previous})


def message(content: object, *, message_id: str = "b7c1-1") -> str:
    """Return a message of the queue, as SNS writes it."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": "arn:aws:sns:us-east-1:1:notices",
            "Message": json.dumps(content),
            "Timestamp": "2026-11-26T10:00:00.000Z",
        }
    )


@pytest.fixture
def http() -> HttpClient:
    """Return a client that connects to this machine only."""
    return HttpClient(tls=ssl.create_default_context(), loopback=True)


def to(url: str) -> Delivery:
    """Return a request to an address."""
    return Delivery(url=url, headers={"Content-Type": "application/json"}, body=b"{}")


def response(status: str, *headers: str, body: bytes = b"") -> bytes:
    """Return the bytes of a response."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


@pytest.mark.parametrize("secrets", [(NEW,), (NEW, OLD)])
def test_a_receiver_verifies_with_either_secret(secrets: tuple[str, ...]) -> None:
    """The library of the specification is the judge, also during a rotation."""
    now = datetime.now(UTC).timestamp()
    notice = read_notice(message(END))

    request = delivery_of(notice, SIGNED, signing(*secrets), now=now)

    assert request.url == SIGNED.url
    for secret in secrets:
        assert Webhook(secret).verify(request.body, dict(request.headers)) == {
            "type": "job.ended",
            "timestamp": "2026-11-26T10:00:00.000Z",
            "data": END,
        }
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(
            request.body.replace(b"ipqs", b"evil"), dict(request.headers)
        )


def test_a_notice_keeps_its_id_however_often_it_is_published() -> None:
    """Receivers drop what they have by this id; each attempt ends by itself."""
    first = read_notice(message(END, message_id="one"))
    again = read_notice(message(END, message_id="two"))
    retried = read_notice(message({**END, "attempt": 2}))
    quoted = read_notice(message(QUOTE))

    assert first.id == again.id
    assert len({first.id, retried.id, quoted.id}) == 3
    assert "." not in first.id  # it separates what is signed


def test_a_notice_of_an_earlier_release_has_the_id_of_its_message() -> None:
    """Without the number of the attempt, the ends of two attempts look the same."""
    content = {name: value for name, value in END.items() if name != "attempt"}

    assert read_notice(message(content, message_id="one")).id == "msg_one"


def test_a_receiver_gets_what_the_notice_has_and_no_more() -> None:
    """Nothing is looked up for it, so that nothing personal can get in."""
    body = json.loads(standard_body(read_notice(message(QUOTE))))

    assert body["type"] == "job.quoted"
    assert body["data"] == QUOTE


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            END,
            (
                "ipqs/email 3f2a9c3f2a9c: succeeded. Rows: complete. "
                "s3://results/ipqs/email/3f2a/manifest.json"
            ),
        ),
        (
            {
                **END,
                "outcome": "failed",
                "error": "SubmitOutcomeUnknown",
                "advice": "Look at the provider for <job_id>.csv & retry",
                "verdict": "none",
                "manifest_key": "",
                "late": True,
            },
            (
                "ipqs/email 3f2a9c3f2a9c: failed, after its deadline. "
                "SubmitOutcomeUnknown: Look at the provider for &lt;job_id&gt;.csv "
                "&amp; retry"
            ),
        ),
        (
            QUOTE,
            (
                "ipqs/email 3f2a9c3f2a9c: waits for approval until "
                "2026-11-29T10:00:00Z. It would send 12000. Reason: approve_above."
            ),
        ),
        (
            {
                **QUOTE,
                "reason": "approve_beyond_credits",
                "quote": {"to_send": 12_000, "credits_left": 450},
            },
            (
                "ipqs/email 3f2a9c3f2a9c: waits for approval until "
                "2026-11-29T10:00:00Z. It would send 12000. Credits left: 450. "
                "Reason: approve_beyond_credits."
            ),
        ),
    ],
    ids=["success", "failure", "quote", "credits"],
)
def test_slack_shows_a_sentence(content: dict[str, Any], text: str) -> None:
    """What looks like markup to Slack would be dropped, or notify a whole channel."""
    assert json.loads(slack_body(read_notice(message(content)))) == {"text": text}


def test_the_address_of_slack_is_its_secret() -> None:
    """Whoever knows it can write to the channel; over http, anybody could read it."""
    notice = read_notice(message(END))
    url = "https://hooks.slack.com/services/T0/B0/x"

    request = delivery_of(notice, SLACK, stored({"url": url}), now=0)

    assert request.url == url
    assert request.headers == {"Content-Type": "application/json"}
    plain = stored({"url": "http://127.0.0.1:1/hook"})
    with pytest.raises(CredentialsMissing, match="https"):
        delivery_of(notice, SLACK, plain, now=0)
    local = delivery_of(notice, replace(SLACK, loopback=True), plain, now=0)
    assert local.url == "http://127.0.0.1:1/hook"


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a", "whsec_ä"])
def test_a_secret_that_signs_nothing_is_named(secret: str) -> None:
    """The error has no part of the secret, and says what it should look like."""
    notice = read_notice(message(END))

    with pytest.raises(CredentialsMissing, match="whsec_ and base64") as raised:
        delivery_of(notice, SIGNED, signing(secret), now=0)

    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "{}",
        message("no object"),
        message({"job_id": "1"}),
        json.dumps({"Message": json.dumps(END)}),
    ],
)
def test_a_message_that_is_no_notice_is_refused(body: str) -> None:
    """It becomes a dead letter, and nothing of it is sent anywhere."""
    with pytest.raises(MessageUnreadable):
        read_notice(body)


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "204 No Content"])
def test_every_success_counts(http: HttpClient, status: str) -> None:
    """Receivers differ in how they say it."""
    with OddReceiver.started(response(status, "Content-Length: 0")) as receiver:
        forward(to(receiver.url), http=http)

    (request,) = receiver.requests
    assert request.startswith(b"POST /hook HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n{}")


@pytest.mark.fault(125)
@pytest.mark.parametrize(
    "status", ["400 Bad Request", "410 Gone", "429 Too Many", "500 Oops", "503 Busy"]
)
def test_an_error_leaves_the_notice_in_the_queue(http: HttpClient, status: str) -> None:
    """The queue delivers it again, and keeps it at last as a dead letter."""
    with (
        OddReceiver.started(response(status, "Content-Length: 0")) as receiver,
        pytest.raises(NoticeRefused, match=f"answered {status[:3]}"),
    ):
        forward(to(receiver.url), http=http)


@pytest.mark.fault(125)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary"])
def test_a_redirect_is_not_followed(http: HttpClient, status: str) -> None:
    """A notice goes to the address of the settings, and to no other."""
    with OddReceiver.started(response("200 OK", "Content-Length: 0")) as elsewhere:
        location = f"Location: {elsewhere.url}"
        with (
            OddReceiver.started(response(status, location)) as receiver,
            pytest.raises(NoticeRefused, match=status[:3]),
        ):
            forward(to(receiver.url), http=http)

    assert not elsewhere.requests


@pytest.mark.fault(125)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(HANG, AnswerLost, id="hangs"),
        pytest.param(b"", AnswerLost, id="closes the connection"),
        pytest.param(b"HTTP/1.1 20", AnswerLost, id="ends within the status"),
        pytest.param(b"SSH-2.0-OpenSSH_9\r\n", AnswerLost, id="speaks no HTTP"),
    ],
)
def test_a_receiver_that_does_not_answer_has_not_got_it(
    http: HttpClient, answer: bytes, error: type[CourierError]
) -> None:
    """It may have; the same id lets it drop the second one."""
    with OddReceiver.started(answer) as receiver, pytest.raises(error) as raised:
        forward(to(receiver.url), http=http, seconds=1.0)

    assert receiver.requests
    assert receiver.url not in str(raised.value)


@pytest.mark.parametrize("header", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_the_body_of_the_answer_is_not_waited_for(
    http: HttpClient, header: str
) -> None:
    """Its status says everything; a body may be slow, huge or cut."""
    with OddReceiver.started(response("200 OK", header), endless=True) as receiver:
        forward(to(receiver.url), http=http)

    assert len(receiver.requests) == 1


def test_nothing_listens(http: HttpClient) -> None:
    """The port of a receiver that was switched off."""
    with OddReceiver.started(b"") as receiver:
        pass

    with pytest.raises(ProviderUnavailable):
        forward(to(receiver.url), http=http)


def test_a_deployed_stack_sends_nothing_into_a_private_network() -> None:
    """The address in a setting is not a way to the host's own services."""
    http = HttpClient(tls=ssl.create_default_context(), loopback=False)

    with (
        OddReceiver.started(response("200 OK")) as receiver,
        pytest.raises(LinkRefused),
    ):
        forward(to(receiver.url), http=http)

    assert not receiver.requests


@pytest.mark.parametrize("text", ["", "{", '{"arn": {"format": "xml"}}', "[]"])
def test_unreadable_settings_are_an_error_of_their_own(text: str) -> None:
    """Only a deployment can mend them."""
    with pytest.raises(SettingsMissing):
        receivers_by_queue(text)
