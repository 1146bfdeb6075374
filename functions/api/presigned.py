"""Presigned requests: sign S3 uploads and downloads that are valid for minutes."""

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
    """The URL to post a file to, and the form fields that precede the file."""

    url: str
    fields: Mapping[str, str]


class PresignedUrls:
    """Signs requests with the function's own rights, without calling S3."""

    def __init__(self, *, s3: "S3Client") -> None:
        self._s3 = s3

    def upload_post(
        self, bucket: str, key: str, *, max_bytes: int, metadata: Mapping[str, str]
    ) -> PresignedPost:
        """Return a form that uploads one non-empty file under exactly this key."""
        fields = {
            "Content-Type": media_type_of(key),
            **{f"x-amz-meta-{name}": text for name, text in metadata.items()},
        }
        exactly = [{name: text} for name, text in fields.items()]
        form = self._s3.generate_presigned_post(
            Bucket=bucket,
            Key=key,
            Fields=fields,
            Conditions=[*exactly, ["content-length-range", 1, max_bytes]],
            ExpiresIn=UPLOAD_SECONDS,
        )
        return PresignedPost(url=form["url"], fields=form["fields"])

    def download_url(self, bucket: str, key: str, *, name: str) -> str:
        """Return a URL that downloads one object, saved as `name`."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{name}"',
            },
            ExpiresIn=DOWNLOAD_SECONDS,
        )
