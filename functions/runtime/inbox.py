"""Inbox: one version of an uploaded object, as a file to be read."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError

from functions.core.errors import AwsUnavailable, SourceMissing
from functions.core.model import Job
from functions.runtime.aws import code_of, in_our_words

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PIECE = 256 * 1024
_GONE = {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "405", "MethodNotAllowed"}


class Inbox:
    """The source of a job; see `providers.protocol.Source`."""

    def __init__(self, job: Job, *, s3: "S3Client") -> None:
        self._s3 = s3
        self._job = job

    @cached_property
    def size(self) -> int:
        """The object's bytes.

        Raises:
            SourceMissing: That version does not exist any more.
        """
        with in_our_words("look at the uploaded object"):
            return self._look()

    def open(self) -> BinaryIO:
        """Start reading at the beginning."""
        job = self._job
        with in_our_words("read the uploaded object"):
            answer = self._s3.get_object(
                Bucket=job.bucket, Key=job.key, VersionId=job.version_id
            )
        return cast("BinaryIO", answer["Body"])

    def pieces(self) -> Iterator[bytes]:
        """Read it to its end, piece by piece."""
        with self.open() as body:
            while piece := _read(body):
                yield piece

    def _look(self) -> int:
        job = self._job
        try:
            found = self._s3.head_object(
                Bucket=job.bucket, Key=job.key, VersionId=job.version_id
            )
        except ClientError as error:
            if code_of(error) in _GONE:
                raise SourceMissing("the uploaded object is gone") from None
            raise
        return found["ContentLength"]


def _read(body: BinaryIO) -> bytes:
    try:
        return body.read(_PIECE)
    except (BotoCoreError, OSError):
        raise AwsUnavailable("could not read the uploaded object to its end") from None
