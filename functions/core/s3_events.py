"""S3 events: read which objects a queue message announces, and which jobs they are."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from functions.core import identity
from functions.core.errors import MessageUnreadable
from functions.core.model import Job

#: What reading a document of another form raises.
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)

_MARKER_FILE = re.compile(
    r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|~\$.*|_SUCCESS|.*_\$folder\$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class S3Object:
    """One version of an object; `key` as S3 stores it."""

    bucket: str
    key: str
    version_id: str


def created_objects(body: str) -> Iterator[S3Object]:
    """Yield the created objects of a message in either form of S3 events.

    EventBridge's `Object Created` has the key as it is; S3's own notification has it
    URL-encoded, as in a form. Events of S3 that create no object yield nothing.

    Raises:
        MessageUnreadable: The body is in neither form, or a record of it is not. The
            objects of all other records are yielded before.
    """
    try:
        message = json.loads(body)
        is_from_event_bridge = message.get("source") == "aws.s3"
        if is_from_event_bridge:
            records = [message]
        elif message.get("Event") == "s3:TestEvent":
            records = []
        else:
            records = list(message["Records"])
    except (*_MALFORMED, RecursionError):
        raise MessageUnreadable("the message is not an S3 event") from None
    read = _from_event_bridge if is_from_event_bridge else _from_record
    malformed = 0
    for record in records:
        try:
            created = read(record)
        except _MALFORMED:
            malformed += 1
            continue
        if created is not None:
            yield created
    if malformed:
        raise MessageUnreadable(
            f"{malformed} of {len(records)} records are not S3 events"
        )


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


def is_marker_file(key: str) -> bool:
    """Return whether an object is only a trace of the program that copied a folder.

    macOS, Windows, Office, Hadoop and Spark leave such files beside the others.
    """
    return _MARKER_FILE.fullmatch(key.rpartition("/")[2]) is not None


def _from_event_bridge(message: dict[str, Any]) -> S3Object | None:
    if message["detail-type"] != "Object Created":
        return None
    detail = message["detail"]
    stored = detail["object"]
    return _s3_object(detail["bucket"]["name"], stored["key"], stored["version-id"])


def _from_record(record: dict[str, Any]) -> S3Object | None:
    if not record["eventName"].startswith("ObjectCreated:"):
        return None
    stored = record["s3"]["object"]
    key = unquote_plus(stored["key"], errors="strict")
    return _s3_object(record["s3"]["bucket"]["name"], key, stored["versionId"])


def _s3_object(*values: object) -> S3Object:
    if not all(isinstance(value, str) and value for value in values):
        raise ValueError
    return S3Object(*map(str, values))
