"""Reads of one version of an S3 object."""

from typing import Any

from ministack.services import s3

_OK, _PARTIAL = 200, 206


def ranged_versions() -> None:
    """Give the range of a version that is asked for, not the whole of it.

    MiniStack heeds Range only where no version is named.
    """
    get = s3._get_object

    def get_object(
        bucket: str,
        key: str,
        headers: dict[str, str],
        query: Any = None,  # noqa: ANN401 - MiniStack's
    ) -> Any:  # noqa: ANN401 - MiniStack's response
        wanted = headers.get("range", "")
        if not wanted or not s3._qp(query or {}, "versionId", ""):
            return get(bucket, key, headers, query)
        # The checksum of the whole does not fit a part of it.
        whole = {
            name: value
            for name, value in headers.items()
            if name not in ("range", "x-amz-checksum-mode")
        }
        status, answered, body = get(bucket, key, whole, query)
        span = s3._parse_range(wanted, len(body)) if status == _OK else None
        if span is None:
            return status, answered, body
        first, last = span
        part = body[first : last + 1]
        return (
            _PARTIAL,
            {
                **answered,
                "Content-Length": str(len(part)),
                "Content-Range": f"bytes {first}-{last}/{len(body)}",
            },
            part,
        )

    s3._get_object = get_object
