"""S3's checksums of whole objects."""

import re
import zlib
from base64 import b64encode
from contextvars import ContextVar
from typing import Any

from ministack.services import s3

_PART_NUMBER = re.compile(rb"<PartNumber>\s*(\d+)\s*</PartNumber>")


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
