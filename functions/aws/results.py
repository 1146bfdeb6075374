"""Results: read and write the results bucket; an object is written once, and whole."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from functions.aws import clients, telemetry
from functions.aws.clients import error_code, translate_aws_errors
from functions.aws.settings import function_settings
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    ResultMismatch,
)
from functions.core.file_formats import FileFormat
from functions.core.keys import ENV_RESULTS_BUCKET
from functions.core.metrics import Metric
from functions.core.model import Job
from functions.core.stream_stats import StreamStats, crc32_base64

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_CHUNK_BYTES = 256 * 1024
_ABSENT = {"404", "NoSuchKey", "NotFound"}
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object in the bucket; `existed` if another call wrote it, or may have."""

    key: str
    version_id: str
    bytes: int
    existed: bool = False


class Results:
    """The results bucket. The metadata `job-id` says to which job an object belongs."""

    def __init__(self, bucket: str, *, s3: "S3Client") -> None:
        self._bucket = bucket
        self._s3 = s3

    @classmethod
    def from_environment(cls) -> Self:
        """Return the bucket that this function's environment names."""
        bucket = function_settings(ENV_RESULTS_BUCKET).results_bucket
        return cls(bucket, s3=clients.s3())

    def find(self, key: str, *, job_id: str | None) -> StoredObject | None:
        """Return the object under a key; None where there is none.

        Without a `job_id` it may be any job's: the key is one that we have recorded.

        Raises:
            ResultMismatch: There is one, but it belongs to another job.
        """
        with translate_aws_errors("look into the results bucket"):
            head = _unless_absent(
                lambda: self._s3.head_object(Bucket=self._bucket, Key=key)
            )
        if head is None:
            return None
        if job_id is not None:
            _require_owner(head["Metadata"], job_id)
        return StoredObject(
            key=key,
            version_id=head.get("VersionId", ""),
            bytes=head["ContentLength"],
            existed=True,
        )

    def load(
        self, key: str, *, job_id: str, admit: Callable[[int], None]
    ) -> bytes | None:
        """Return a small object, by one call; None where there is none.

        `admit` is called with its size before it is read.

        Raises:
            ResultMismatch: As in `find`.
        """
        with translate_aws_errors("read from the results bucket"):
            answer = _unless_absent(
                lambda: self._s3.get_object(Bucket=self._bucket, Key=key)
            )
            if answer is None:
                return None
            with answer["Body"] as body:
                _require_owner(answer["Metadata"], job_id)
                admit(answer["ContentLength"])
                return body.read()

    def measure(self, stored: StoredObject, file_format: FileFormat) -> StreamStats:
        """Read a stored object and return its statistics."""
        stats = StreamStats(file_format)
        for chunk in self.chunks(stored):
            stats.update(chunk)
        return stats

    def read(self, stored: StoredObject) -> bytes:
        """Return the content of a small object."""
        return b"".join(self.chunks(stored))

    def chunks(self, stored: StoredObject) -> Iterator[bytes]:
        """Read an object to its end, chunk by chunk."""
        with translate_aws_errors("read from the results bucket"):
            # Without the version, which would need one more right: nothing is ever
            # written twice under a key.
            body = self._s3.get_object(Bucket=self._bucket, Key=stored.key)["Body"]
            with body:
                while chunk := body.read(_CHUNK_BYTES):
                    yield chunk

    def put(
        self, key: str, content: bytes, *, metadata: Mapping[str, str]
    ) -> StoredObject:
        """Write a small object unless there is one already; return the one there is."""
        try:
            with translate_aws_errors("write to the results bucket"):
                response = self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/json",
                    Metadata=dict(metadata),
                    ChecksumCRC32=crc32_base64(zlib.crc32(content)),
                    IfNoneMatch="*",
                )
        except (AwsRefused, AwsUnavailable):
            # There is one already (412), or ours was written and the answer was lost.
            existing = self.find(key, job_id=metadata["job-id"])
            if existing is None:
                raise
            return existing
        return StoredObject(
            key=key, version_id=response.get("VersionId", ""), bytes=len(content)
        )

    def put_error(self, job: Job, errors: Mapping[str, Mapping[str, str]]) -> Job:
        """Write what the provider said of a failure; return the job with its key.

        A second try of the step finds there what the first one has written.
        """
        # Most of those who use results have no error to write.
        from functions.core.error_details import error_document  # noqa: PLC0415 - see above
        from functions.core.result_keys import ERROR_OBJECT, error_key  # noqa: PLC0415 - see above

        stored = self.put(
            error_key(job),
            error_document(job, errors),
            metadata={"job-id": job.job_id, "kind": ERROR_OBJECT},
        )
        return job.with_(error_key=stored.key)

    @contextmanager
    def upload(
        self, key: str, file_format: FileFormat, *, metadata: Mapping[str, str]
    ) -> Iterator["MultipartUpload"]:
        """Begin a multipart upload; abort it after the block unless it is completed."""
        upload = MultipartUpload(
            self, self._bucket, key, file_format, metadata=metadata, s3=self._s3
        )
        try:
            yield upload
        finally:
            upload.abort_unless_completed()


def _unless_absent(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except ClientError as error:
        if error_code(error) in _ABSENT:
            return None
        raise


def _require_owner(metadata: Mapping[str, str], job_id: str) -> None:
    if metadata.get("job-id") != job_id:
        raise ResultMismatch("the object under the result's key is not this job's")


class MultipartUpload:
    """One multipart upload; its parts may come from several threads."""

    def __init__(
        self,
        results: Results,
        bucket: str,
        key: str,
        file_format: FileFormat,
        *,
        metadata: Mapping[str, str],
        s3: "S3Client",
    ) -> None:
        self._results = results
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._job_id = metadata["job-id"]
        self._parts: dict[int, CompletedPartTypeDef] = {}
        self._is_over = False
        with translate_aws_errors("begin a result"):
            self._id = s3.create_multipart_upload(
                Bucket=bucket,
                Key=key,
                ContentType=file_format.media_type,
                Metadata=dict(metadata),
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )["UploadId"]

    def send_part(self, number: int, content: bytes | bytearray, crc32: int) -> None:
        """Send one part; parts are numbered from 1.

        The checksum is that of the bytes as they were read, so that S3 refuses a part
        whose buffer has changed since.
        """
        checksum = crc32_base64(crc32)
        with translate_aws_errors("send a part of a result"):
            response = self._s3.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=content,  # type: ignore[arg-type]  # it takes bytearrays, too
                ChecksumCRC32=checksum,
            )
        self._parts[number] = {
            "PartNumber": number,
            "ETag": response["ETag"],
            "ChecksumCRC32": checksum,
        }

    def complete(self, stats: StreamStats) -> StoredObject:
        """Make the object visible unless there is one already; return the one there is.

        Only now does a result appear: S3 compares its size and its checksum with what
        was measured while it was streamed.
        """
        try:
            with translate_aws_errors("publish a result"):
                response = self._s3.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=self._id,
                    MultipartUpload={
                        "Parts": [self._parts[number] for number in sorted(self._parts)]
                    },
                    MpuObjectSize=stats.bytes,
                    ChecksumCRC32=stats.crc32_base64,
                    ChecksumType="FULL_OBJECT",
                    IfNoneMatch="*",
                )
        except (AwsRefused, AwsUnavailable):
            # Another try was first (412), or ours succeeded without an answer.
            existing = self._results.find(self._key, job_id=self._job_id)
            if existing is None:
                raise
            return existing
        self._is_over = True
        return StoredObject(
            key=self._key, version_id=response.get("VersionId", ""), bytes=stats.bytes
        )

    def abort_unless_completed(self) -> None:
        """Delete the parts; if that fails, the bucket's lifecycle rule deletes them."""
        if self._is_over:
            return
        self._is_over = True
        try:
            self._s3.abort_multipart_upload(
                Bucket=self._bucket, Key=self._key, UploadId=self._id
            )
        except (ClientError, BotoCoreError):
            telemetry.logger.warning("upload not aborted")
            telemetry.emit({Metric.UPLOADS_NOT_ABORTED: 1}, job_id=self._job_id)
