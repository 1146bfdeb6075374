"""S3 as it is where the job depends on it: versions in events, whole checksums."""

import json
import re
import zlib
from base64 import b64encode
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

_PART_NUMBER = re.compile(rb"<PartNumber>\s*(\d+)\s*</PartNumber>")


def version_in_events() -> None:
    """Name the object's version in `Object Created`, where the bucket has versions.

    MiniStack leaves `detail.object.version-id` out.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    version: ContextVar[str | None] = ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_s3_event(
        *args: Any,  # noqa: ANN401 - handed through
        version_id: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - handed through
    ) -> None:
        token = version.set(version_id)
        try:
            fire(*args, version_id=version_id, **kwargs)
        finally:
            version.reset(token)

    def dispatch_event(event: dict[str, Any]) -> Any:  # noqa: ANN401 - handed through
        if event.get("Source") == "aws.s3" and (version_id := version.get()):
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version_id
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event)

    s3._fire_s3_event = fire_s3_event
    eventbridge._dispatch_event = dispatch_event


def full_object_checksum() -> None:
    """Compare a multipart upload's FULL_OBJECT CRC-32 with its bytes.

    MiniStack knows only checksums of checksums, and so refuses a right one.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    whole: ContextVar[str | None] = ContextVar("whole", default=None)
    complete, composite = s3._complete_multipart_upload, s3._composite_checksum

    def complete_multipart_upload(
        bucket: str,
        key: str,
        body: bytes,
        query: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - handed through
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
        if upload is None or not _is_full_object(headers or {}):
            return complete(bucket, key, body, query, headers)
        token = whole.set(_crc32(upload["parts"], _PART_NUMBER.findall(body)))
        try:
            return complete(bucket, key, body, query, headers)
        finally:
            whole.reset(token)

    def composite_checksum(*args: Any) -> Any:  # noqa: ANN401 - handed through
        return whole.get() or composite(*args)

    s3._complete_multipart_upload = complete_multipart_upload
    s3._composite_checksum = composite_checksum


def _is_full_object(headers: dict[str, str]) -> bool:
    return headers.get("x-amz-checksum-type") == "FULL_OBJECT"


def _crc32(parts: dict[int, dict[str, Any]], numbers: list[bytes]) -> str:
    crc = 0
    for number in map(int, numbers):
        if number in parts:  # else S3 itself says which part is missing
            crc = zlib.crc32(parts[number]["body"], crc)
    return b64encode(crc.to_bytes(4)).decode()
