"""Cursor: a position in the list of jobs, as an opaque text for clients."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from functions.core.identity import is_job_id

_CHECKSUM_BYTES = 9  # a multiple of 3, so that base64 needs no padding
_MAX_TIMESTAMP = 1e11  # Unix seconds; DynamoDB can read the number, too


class CursorUnreadable(ValueError):
    """Raised for text that is not a cursor, or is one of a list with other filters."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The job after which a list continues; without one, the newest job of a month."""

    month: str
    received_at: float = 0.0
    job_id: str = ""


def encode(position: Position, filters: Mapping[str, str]) -> str:
    """Return a position as a cursor, which is valid for these filters only."""
    values = [position.month, position.received_at, position.job_id]
    content = json.dumps(values).encode()
    return urlsafe_b64encode(_checksum(content, filters) + content).decode().rstrip("=")


def decode(text: str, filters: Mapping[str, str]) -> Position:
    """Return the position of a cursor.

    Raises:
        CursorUnreadable: The text was changed, or is for other filters.
    """
    try:
        decoded = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        month, received_at, job_id = json.loads(decoded[_CHECKSUM_BYTES:])
        position = Position(
            month=date.fromisoformat(f"{month}-01").strftime("%Y-%m"),
            received_at=float(received_at),
            job_id=job_id,
        )
        in_range = 0 <= position.received_at < _MAX_TIMESTAMP
        is_valid = in_range and (job_id == "" or is_job_id(job_id))
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise CursorUnreadable from None
    # Other texts can decode to the same position; only the encoded one is a cursor.
    if not is_valid or text != encode(position, filters):
        raise CursorUnreadable
    return position


def _checksum(content: bytes, filters: Mapping[str, str]) -> bytes:
    """Return a checksum against accidental changes; it is not a secret."""
    encoded_filters = json.dumps(sorted(filters.items())).encode()
    return hashlib.sha256(encoded_filters + content).digest()[:_CHECKSUM_BYTES]
