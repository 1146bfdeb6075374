"""Notice formats: write a notice as its receivers read it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.core.errors import MessageUnreadable
from functions.core.quote_notice import QUOTE

#: What every notice names.
_NAMES = ("job_id", "provider", "type")
#: What has a meaning in Slack's texts, and how it is written.
#: https://docs.slack.dev/messaging/formatting-message-text#escaping
_SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, kw_only=True)
class PublishedNotice:
    """A notice as the topic delivers it; `content` is what was published."""

    content: Mapping[str, Any]
    published_at: str
    message_id: str

    @property
    def is_quote(self) -> bool:
        """Whether a job waits for approval; otherwise it has ended."""
        return self.content.get("notice") == QUOTE

    @property
    def id(self) -> str:
        """The notice's id: the same if it is published or delivered again.

        It is a hash of the content, because a step that is repeated publishes the same
        notice under another id of SNS. Executions of an earlier release publish no
        number of the attempt, so that two of a job's notices may be alike.
        """
        if "attempt" not in self.content:
            return f"msg_{self.message_id}"
        canonical = json.dumps(self.content, sort_keys=True)
        return f"msg_{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"


def read_notice(body: str) -> PublishedNotice:
    """Return the notice in a message of a queue that subscribes to the topic.

    Raises:
        MessageUnreadable: SNS did not write the message, or we not the notice.
    """
    try:
        envelope = json.loads(body)
        content = json.loads(envelope["Message"])
        return PublishedNotice(
            content={**content, **{name: str(content[name]) for name in _NAMES}},
            published_at=str(envelope["Timestamp"]),
            message_id=str(envelope["MessageId"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MessageUnreadable("the message is no notice of the topic") from None


def standard_body(notice: PublishedNotice) -> str:
    """Return a notice in the form that Standard Webhooks recommends."""
    return json.dumps(
        {
            "type": "job.quoted" if notice.is_quote else "job.ended",
            "timestamp": notice.published_at,
            "data": notice.content,
        }
    )


def slack_body(notice: PublishedNotice) -> str:
    """Return a notice as a message of Slack."""
    sentences = _quote(notice.content) if notice.is_quote else _end(notice.content)
    text = " ".join(sentence for sentence in sentences if sentence)
    return json.dumps({"text": text.translate(_SLACK_ESCAPES)})


def _end(content: Mapping[str, Any]) -> tuple[str, ...]:
    late = ", after its deadline" if content.get("late") else ""
    verdict = content.get("verdict") or "none"
    bucket, manifest = content.get("results_bucket"), content.get("manifest_key")
    return (
        f"{_title(content)}: {content.get('outcome')}{late}.",
        f"{content['error']}: {content.get('advice')}" if content.get("error") else "",
        f"Rows: {verdict}." if verdict != "none" else "",
        f"s3://{bucket}/{manifest}" if manifest else "",
    )


def _quote(content: Mapping[str, Any]) -> tuple[str, ...]:
    quote = content.get("quote") or {}
    to_send, left = quote.get("to_send"), quote.get("credits_left")
    return (
        f"{_title(content)}: waits for approval until {content.get('approve_until')}.",
        f"It would send {to_send}." if to_send is not None else "",
        f"Credits left: {left}." if left is not None else "",
        f"Reason: {content['reason']}." if content.get("reason") else "",
    )


def _title(content: Mapping[str, Any]) -> str:
    return f"{content['provider']}/{content['type']} {content['job_id'][:12]}"
