"""Inbox: one version of an uploaded object, or a part of it, as a file to be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.core.errors import SourceMissing
from functions.core.model import Job

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_GONE = {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "405", "MethodNotAllowed"}


class _Version(TypedDict):
    Bucket: str
    Key: str
    VersionId: str


class _Range(TypedDict, total=False):
    Range: str


class S3Source:
    """The source of a job; see `providers.protocol.Source`."""

    def __init__(self, job: Job, *, s3: "S3Client") -> None:
        self._s3 = s3
        self._job = job

    @cached_property
    def size(self) -> int:
        """The object's bytes, or the part's.

        Raises:
            SourceMissing: That version does not exist any more.
        """
        if self._job.part.length:
            return self._job.part.length
        with _asking():
            return self._s3.head_object(**self._version)["ContentLength"]

    def open(self) -> "S3Reader":
        """Start reading at the beginning.

        Raises:
            SourceMissing: That version does not exist any more.
        """
        with _asking():
            return S3Reader(self._s3.get_object(**self._version, **self._range)["Body"])

    @property
    def _version(self) -> "_Version":
        job = self._job
        return {"Bucket": job.bucket, "Key": job.key, "VersionId": job.version_id}

    @property
    def _range(self) -> "_Range":
        part = self._job.part
        if not part.length:
            return {}
        return {"Range": f"bytes={part.offset}-{part.offset + part.length - 1}"}


class S3Reader:
    """An object on its way to us; see `providers.protocol.Reader`."""

    def __init__(self, body: "StreamingBody") -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        """Give the next bytes, at most `size`; empty at the end.

        Raises:
            AwsUnavailable: The connection broke. What is being sent meanwhile is
                then shorter than it announced, which nobody accepts.
        """
        with translate_aws_errors("read the uploaded object to its end"):
            return self._body.read(size)

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()


@contextmanager
def _asking() -> Iterator[None]:
    with translate_aws_errors("read the uploaded object"):
        try:
            yield
        except ClientError as error:
            if error_code(error) in _GONE:
                raise SourceMissing("the uploaded object is gone") from None
            raise
