"""S3 events: read which objects a queue message announces, and which jobs they are."""

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
    """Read the created objects from a message in either form of S3 events.

    EventBridge's `Object Created` has the key as it is; S3's own notification has it
    URL-encoded, as in a form. Events of S3 that create no object yield an empty tuple.

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
        raise MessageUnreadable("the message is not an S3 event") from None


def job_for(created: S3Object, *, types: Mapping[str, tuple[str, ...]]) -> Job | None:
    """Return the job for an object, by its key `<provider>/<type>/<name>`.

    `types` has the types of each provider. Return None for any other key.
    """
    provider, _, rest = created.key.partition("/")
    type_, _, name = rest.partition("/")
    # The S3 console makes folders as empty objects whose names end with a slash.
    if type_ not in types.get(provider, ()) or not name or name.endswith("/"):
        return None
    return Job(
        job_id=identity.of_object(created.bucket, created.key, created.version_id),
        provider=provider,
        type=type_,
        bucket=created.bucket,
        key=created.key,
        version_id=created.version_id,
    )


def _from_event_bridge(message: dict[str, Any]) -> tuple[S3Object, ...]:
    if message["detail-type"] != "Object Created":
        return ()
    detail = message["detail"]
    stored = detail["object"]
    return (_s3_object(detail["bucket"]["name"], stored["key"], stored["version-id"]),)


def _from_record(record: dict[str, Any]) -> S3Object:
    stored = record["s3"]["object"]
    key = unquote_plus(stored["key"], errors="strict")
    return _s3_object(record["s3"]["bucket"]["name"], key, stored["versionId"])


def _s3_object(*values: object) -> S3Object:
    if not all(isinstance(value, str) and value for value in values):
        raise ValueError
    return S3Object(*map(str, values))
