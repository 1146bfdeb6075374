"""Arrivals: which objects a queue message announces."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from functions.core import identity
from functions.core.errors import MessageUnreadable
from functions.core.model import Job


@dataclass(frozen=True)
class S3Object:
    """One version of an object; `key` as S3 stores it."""

    bucket: str
    key: str
    version_id: str


def created_objects(body: str) -> tuple[S3Object, ...]:
    """Read a message in either form that S3 events come in.

    EventBridge's `Object Created` gives the key as it is; S3's own notification
    gives it URL-encoded, form style. Anything that S3 sends and that creates no
    object gives an empty tuple.

    Raises:
        MessageUnreadable: The body is in neither form.
    """
    try:
        message = json.loads(body)
        if message.get("source") == "aws.s3":
            return _from_event_bridge(message)
        if message.get("Event") == "s3:TestEvent":
            return ()
        return tuple(
            _from_record(record)
            for record in message["Records"]
            if record["eventName"].startswith("ObjectCreated:")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MessageUnreadable("the message is not an event of S3's") from None


def job_for(arrival: S3Object, *, types: Mapping[str, tuple[str, ...]]) -> Job | None:
    """Make the job that an object asks for by its key, `<provider>/<type>/<name>`.

    `types` are the known types by provider. None where the key lies elsewhere.
    """
    provider, _, rest = arrival.key.partition("/")
    kind, slash, name = rest.partition("/")
    if kind not in types.get(provider, ()) or not slash or not name:
        return None
    if name.endswith("/"):  # a folder that the console made
        return None
    return Job(
        job_id=identity.of_object(arrival.bucket, arrival.key, arrival.version_id),
        provider=provider,
        type=kind,
        bucket=arrival.bucket,
        key=arrival.key,
        version_id=arrival.version_id,
    )


def _from_event_bridge(message: dict[str, Any]) -> tuple[S3Object, ...]:
    if message["detail-type"] != "Object Created":
        return ()
    detail = message["detail"]
    stored = detail["object"]
    return (_object(detail["bucket"]["name"], stored["key"], stored["version-id"]),)


def _from_record(record: dict[str, Any]) -> S3Object:
    stored = record["s3"]["object"]
    key = unquote_plus(stored["key"], errors="strict")
    return _object(record["s3"]["bucket"]["name"], key, stored["versionId"])


def _object(*parts: object) -> S3Object:
    texts = [part for part in parts if isinstance(part, str) and part]
    if len(texts) != len(parts):
        raise ValueError
    return S3Object(*texts)
