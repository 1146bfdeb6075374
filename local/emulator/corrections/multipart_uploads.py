"""S3 multipart uploads with a checksum of the whole object."""

import contextvars
import re

from ministack.services import s3

from local.emulator.corrections.ministack_types import Response

_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
# The bytes of the object that is being completed with a FULL_OBJECT checksum.
_object_body: contextvars.ContextVar[bytes | None] = contextvars.ContextVar(
    "object_body", default=None
)


def full_object_checksums() -> None:
    """Check and store the checksum of the whole object when an upload asks for it.

    AWS: with ChecksumType FULL_OBJECT, S3 completes an upload only if the given
    checksum is that of all its bytes.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    MiniStack: treats every upload as COMPOSITE, whose checksum is computed from
    the checksums of the parts.
    """
    create, complete = s3._create_multipart_upload, s3._complete_multipart_upload
    composite_checksum = s3._composite_checksum

    def create_upload(
        bucket: str, key: str, headers: dict[str, str], *rest: object
    ) -> Response:
        status, response_headers, xml = create(bucket, key, headers, *rest)
        checksum_type = headers.get("x-amz-checksum-type")
        if checksum_type and (match := _UPLOAD_ID.search(xml)):
            upload = s3._multipart_uploads[match.group(1).decode()]
            upload["checksum_type"] = checksum_type
            response_headers = {
                **response_headers,
                "x-amz-checksum-type": checksum_type,
            }
        return status, response_headers, xml

    def complete_upload(
        bucket: str,
        key: str,
        body: bytes,
        query: dict[str, object],
        headers: dict[str, str] | None = None,
    ) -> Response:
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"), {})
        if upload.get("checksum_type") != "FULL_OBJECT":
            return complete(bucket, key, body, query, headers)

        parts = sorted(upload["parts"].items())
        reset_token = _object_body.set(b"".join(part["body"] for _, part in parts))
        try:
            status, response_headers, xml = complete(bucket, key, body, query, headers)
        finally:
            _object_body.reset(reset_token)
        if status == 200:  # noqa: PLR2004 - HTTP
            s3._buckets[bucket]["objects"][key]["checksum_type"] = "FULL_OBJECT"
        xml = xml.replace(b">COMPOSITE<", b">FULL_OBJECT<")
        return status, response_headers, xml

    def checksum(algorithm: str | None, part_checksums: list[str]) -> object:
        whole = _object_body.get()
        if whole is None or algorithm is None:
            return composite_checksum(algorithm, part_checksums)
        return s3._compute_s3_checksum(algorithm, whole)

    s3._create_multipart_upload = create_upload
    s3._complete_multipart_upload = complete_upload
    s3._composite_checksum = checksum
