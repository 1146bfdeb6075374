"""S3 multipart uploads whose checksum is that of the whole object."""

import contextvars
import re
from typing import Any

from ministack.services import s3

_UPLOAD = re.compile(rb"<UploadId>(.+?)</UploadId>")
_whole: contextvars.ContextVar[bytes | None] = contextvars.ContextVar(
    "whole", default=None
)


def full_object_checksums() -> None:
    """Compare and keep the checksum of the object when an upload asks for it.

    With ChecksumType FULL_OBJECT, S3 completes an upload only when the checksum
    of all its bytes is the one given. MiniStack takes every upload for COMPOSITE,
    whose checksum is one of the checksums of the parts.
    """
    create, complete = s3._create_multipart_upload, s3._complete_multipart_upload
    composite = s3._composite_checksum

    def create_upload(bucket: str, key: str, headers: Any, *rest: Any) -> Any:  # noqa: ANN401 - MiniStack's
        status, answered, xml = create(bucket, key, headers, *rest)
        kind = headers.get("x-amz-checksum-type")
        if kind and (upload := _UPLOAD.search(xml)):
            s3._multipart_uploads[upload.group(1).decode()]["checksum_type"] = kind
            answered = {**answered, "x-amz-checksum-type": kind}
        return status, answered, xml

    def complete_upload(
        bucket: str,
        key: str,
        body: bytes,
        query: Any,  # noqa: ANN401 - MiniStack's
        headers: Any = None,  # noqa: ANN401 - MiniStack's
    ) -> Any:  # noqa: ANN401 - MiniStack's response
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"), {})
        if upload.get("checksum_type") != "FULL_OBJECT":
            return complete(bucket, key, body, query, headers)

        parts = sorted(upload["parts"].items())
        token = _whole.set(b"".join(part["body"] for _, part in parts))
        try:
            status, answered, xml = complete(bucket, key, body, query, headers)
        finally:
            _whole.reset(token)
        if status == 200:  # noqa: PLR2004 - HTTP
            s3._buckets[bucket]["objects"][key]["checksum_type"] = "FULL_OBJECT"
        return status, answered, xml.replace(b">COMPOSITE<", b">FULL_OBJECT<")

    def checksum(algorithm: str | None, digests: list[str]) -> Any:  # noqa: ANN401 - MiniStack's
        whole = _whole.get()
        if whole is None or algorithm is None:
            return composite(algorithm, digests)
        return s3._compute_s3_checksum(algorithm, whole)

    s3._create_multipart_upload = create_upload
    s3._complete_multipart_upload = complete_upload
    s3._composite_checksum = checksum
