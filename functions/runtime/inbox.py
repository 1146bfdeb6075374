"""Inbox: one version of an uploaded object, as a file to be read."""

from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError

from functions.core.errors import SourceMissing
from functions.core.model import Job
from functions.runtime.aws import code_of, in_our_words

if TYPE_CHECKING:
    from botocore.response import StreamingBody
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
        return cast("BinaryIO", _Reading(answer["Body"]))

    def pieces(self) -> Iterator[bytes]:
        """Read it to its end, piece by piece."""
        with closing(self.open()) as body:
            while piece := body.read(_PIECE):
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


class _Reading:
    """A body whose failures are in our words, whoever reads it.

    Not the body's own `with`: that leads past the SDK's checks, to the bare stream.
    """

    def __init__(self, body: "StreamingBody") -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """Give the next bytes; empty only at the true end."""
        with in_our_words("read the uploaded object to its end"):
            return self._body.read(size)

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()
