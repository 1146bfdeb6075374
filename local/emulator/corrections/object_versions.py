"""Reads of one version of an S3 object."""

from ministack.services import s3

from local.emulator.corrections.ministack_types import Response

_OK, _PARTIAL_CONTENT = 200, 206


def ranged_versions() -> None:
    """Return the requested range of a version.

    AWS: GetObject applies Range to the version that is named.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    MiniStack: ignores Range when a version is named.
    """
    get = s3._get_object

    def get_object(
        bucket: str,
        key: str,
        headers: dict[str, str],
        query: dict[str, object] | None = None,
    ) -> Response:
        byte_range = headers.get("range", "")
        if not byte_range or not s3._qp(query or {}, "versionId", ""):
            return get(bucket, key, headers, query)
        # The checksum of the whole object does not fit a part of it.
        whole_headers = {
            name: value
            for name, value in headers.items()
            if name not in ("range", "x-amz-checksum-mode")
        }
        status, response_headers, body = get(bucket, key, whole_headers, query)
        span = s3._parse_range(byte_range, len(body)) if status == _OK else None
        if span is None:
            return status, response_headers, body
        first, last = span
        part = body[first : last + 1]
        part_headers = {
            **response_headers,
            "Content-Length": str(len(part)),
            "Content-Range": f"bytes {first}-{last}/{len(body)}",
        }
        return _PARTIAL_CONTENT, part_headers, part

    s3._get_object = get_object
