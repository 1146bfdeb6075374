"""S3 source: read one version of an uploaded object, or a byte range of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypedDict

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.core.errors import SourceMissing
from functions.core.keys import OPTION_PREFIX, QUOTE_OPTION
from functions.core.model import Job

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

#: What S3 says of an object's bytes; which checksum it has, the uploader decides.
_HASHES = (
    "ETag",
    "ChecksumCRC64NVME",
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumSHA1",
    "ChecksumSHA256",
)
_GONE = {"404", "NoSuchKey", "NoSuchVersion", "NotFound", "405", "MethodNotAllowed"}


class _Version(TypedDict):
    Bucket: str
    Key: str
    VersionId: str


class _Range(TypedDict, total=False):
    Range: str


class S3Source:
    """The source of a job; implements `functions.core.source.Source`.

    A request of a batch is a byte range of the object with all of them.
    """

    def __init__(self, job: Job, *, s3: "S3Client") -> None:
        self._s3 = s3
        self._part = job.part
        self._version: _Version = {
            "Bucket": job.bucket,
            "Key": job.key,
            "VersionId": job.version_id,
        }

    @classmethod
    def to_send(cls, job: Job, *, s3: "S3Client") -> Self:
        """Return what is sent for a job: of a list, what Prepare made of its source."""
        prepared = job.prepared
        if prepared.key:
            job = job.with_(key=prepared.key, version_id=prepared.version_id)
        return cls(job, s3=s3)

    @property
    def size(self) -> int:
        """The size in bytes.

        Raises:
            SourceMissing: That version does not exist any more.
        """
        return self._part.length or self._head["ContentLength"]

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the uploader says of the object, by name.

        Raises:
            SourceMissing: As for `size`.
        """
        return self._head["Metadata"]

    def has_content_of(self, other: Self) -> bool:
        """Return whether both have the same bytes, and are to be read in the same way.

        S3's ETag alone does not do: under a key of KMS, it is no hash of the bytes.
        """
        one, two = dict(self._head), dict(other._head)
        is_same = any(name in one and one[name] == two.get(name) for name in _HASHES)
        return is_same and self.size == other.size and self._options == other._options

    @property
    def _options(self) -> Mapping[str, str]:
        return {
            name: text
            for name, text in self.metadata.items()
            if name.startswith(OPTION_PREFIX)
            and name != QUOTE_OPTION  # no other reading
        }

    @cached_property
    def _head(self) -> "HeadObjectOutputTypeDef":
        with _translate_missing():
            return self._s3.head_object(**self._version, ChecksumMode="ENABLED")

    def open(self) -> "S3Reader":
        """Start reading at the beginning.

        Raises:
            SourceMissing: That version does not exist any more.
        """
        byte_range: _Range = {}
        if self._part.length:
            first = self._part.offset
            byte_range["Range"] = f"bytes={first}-{first + self._part.length - 1}"
        with _translate_missing():
            response = self._s3.get_object(**self._version, **byte_range)
        return S3Reader(response["Body"])


class S3Reader:
    """An object being read; implements `functions.core.source.Reader`."""

    def __init__(self, body: "StreamingBody") -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; empty at the end.

        Raises:
            AwsUnavailable: The connection broke. An upload that reads from here is
                then shorter than it announced, and the provider refuses it.
        """
        with translate_aws_errors("read the uploaded object to its end"):
            return self._body.read(size)

    def close(self) -> None:
        """Close the connection."""
        self._body.close()


@contextmanager
def _translate_missing() -> Iterator[None]:
    with translate_aws_errors("read the uploaded object"):
        try:
            yield
        except ClientError as error:
            if error_code(error) in _GONE:
                raise SourceMissing("the uploaded object is gone") from None
            raise
