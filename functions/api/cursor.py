"""Cursor: where a list goes on, as a text that clients hand back unread."""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_SUM_BYTES = 9  # as many as base64 takes without padding
_JOB_ID = re.compile(r"([0-9a-f]{64})?")
_END_OF_TIME = 1e11  # seconds; a number that DynamoDB can read, too


class CursorUnreadable(ValueError):
    """Not a cursor of ours, or one of a list with other filters."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """After which job a list goes on; without a job, at the start of a month."""

    month: str
    received_at: float = 0.0
    job_id: str = ""


def encode(position: Position, filters: Mapping[str, str]) -> str:
    """Write a cursor that is good for these filters only."""
    place = [position.month, position.received_at, position.job_id]
    content = json.dumps(place).encode()
    return urlsafe_b64encode(_checksum(content, filters) + content).decode().rstrip("=")


def decode(text: str, filters: Mapping[str, str]) -> Position:
    """Read a cursor.

    Raises:
        CursorUnreadable: It was changed, or is for other filters.
    """
    try:
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        month, received_at, job_id = json.loads(packed[_SUM_BYTES:])
        position = Position(
            month=date.fromisoformat(f"{month}-01").strftime("%Y-%m"),
            received_at=float(received_at),
            job_id=job_id,
        )
        known = 0 <= position.received_at < _END_OF_TIME and _JOB_ID.fullmatch(job_id)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise CursorUnreadable from None
    # Whatever else decodes to the same is not the text that we wrote.
    if not known or text != encode(position, filters):
        raise CursorUnreadable
    return position


def _checksum(content: bytes, filters: Mapping[str, str]) -> bytes:
    """Tell cursors apart that were changed by accident; it is no secret."""
    bound = json.dumps(sorted(filters.items())).encode()
    return hashlib.sha256(bound + content).digest()[:_SUM_BYTES]
