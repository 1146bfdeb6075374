"""Presigned: our own links to S3, good for minutes, for whoever has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.core.file_formats import media_type_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOAD_SECONDS = 900
DOWNLOAD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class PresignedPost:
    """Where to post a file, and the fields that go before it."""

    url: str
    fields: Mapping[str, str]


class PresignedUrls:
    """Links that are signed with the function's own rights; none calls S3."""

    def __init__(self, *, s3: "S3Client") -> None:
        self._s3 = s3

    def upload_post(self, bucket: str, key: str, *, most_bytes: int) -> PresignedPost:
        """Allow one file of some size under exactly this key."""
        kind = {"Content-Type": media_type_of(key)}
        form = self._s3.generate_presigned_post(
            Bucket=bucket,
            Key=key,
            Fields=kind,
            Conditions=[kind, ["content-length-range", 1, most_bytes]],
            ExpiresIn=UPLOAD_SECONDS,
        )
        return PresignedPost(url=form["url"], fields=form["fields"])

    def download_url(self, bucket: str, key: str, *, name: str) -> str:
        """Allow reading one object, to be saved under a name."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
            },
            ExpiresIn=DOWNLOAD_SECONDS,
        )
