"""Results: objects of the results bucket, each written once and only when whole."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.aws import telemetry
from functions.aws.clients import error_code, translate_aws_errors
from functions.core.errors import (
    AwsRefused,
    AwsUnavailable,
    ResultMismatch,
)
from functions.core.file_formats import FileFormat
from functions.core.metrics import Metric
from functions.core.stream_stats import StreamStats, crc32_base64

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_PIECE = 256 * 1024
_ABSENT = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that is there; `found` where it was before, or may have been."""

    key: str
    version_id: str
    bytes: int
    found: bool = False


class Results:
    """The results bucket. An object is somebody's by its metadata `job-id`."""

    def __init__(self, bucket: str, *, s3: "S3Client") -> None:
        self._bucket = bucket
        self._s3 = s3

    def find(self, key: str, *, job_id: str) -> StoredObject | None:
        """Look whether an object is there already.

        Raises:
            ResultMismatch: It is there, but written for something else.
        """
        with translate_aws_errors("look into the results bucket"):
            try:
                found = self._s3.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error_code(error) in _ABSENT:
                    return None
                raise
        if found.get("Metadata", {}).get("job-id") != job_id:
            raise ResultMismatch("the object under the result's key is not this job's")
        return StoredObject(
            key=key,
            version_id=found.get("VersionId", ""),
            bytes=found["ContentLength"],
            found=True,
        )

    def measure(self, stored: StoredObject, form: FileFormat) -> StreamStats:
        """Read an object of ours again, to say what it is."""
        tally = StreamStats(form)
        for piece in self._pieces(stored):
            tally.update(piece)
        return tally

    def read(self, stored: StoredObject) -> bytes:
        """Read a small object whole."""
        return b"".join(self._pieces(stored))

    def put(
        self, key: str, content: bytes, *, metadata: Mapping[str, str]
    ) -> StoredObject:
        """Write a small object, if none is there; else give the one that is."""
        job_id = metadata["job-id"]
        try:
            with translate_aws_errors("write to the results bucket"):
                answer = self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/json",
                    Metadata=dict(metadata),
                    ChecksumCRC32=crc32_base64(zlib.crc32(content)),
                    IfNoneMatch="*",
                )
        except (AwsRefused, AwsUnavailable):
            # Refused because it is there (412), or written and not told.
            if (theirs := self.find(key, job_id=job_id)) is None:
                raise
            return theirs
        return StoredObject(
            key=key, version_id=answer.get("VersionId", ""), bytes=len(content)
        )

    @contextmanager
    def upload(
        self, key: str, form: FileFormat, *, metadata: Mapping[str, str]
    ) -> Iterator["MultipartUpload"]:
        """Begin an object in parts, and let nothing remain if it is not completed."""
        upload = MultipartUpload(
            self, self._bucket, key, form, metadata=metadata, s3=self._s3
        )
        try:
            yield upload
        finally:
            upload.abort_unless_completed()

    def _pieces(self, stored: StoredObject) -> Iterator[bytes]:
        with translate_aws_errors("read from the results bucket"):
            # Not by version, which would need one more right: nothing is ever
            # written twice under a key.
            body = self._s3.get_object(Bucket=self._bucket, Key=stored.key)["Body"]
            with body:
                while piece := body.read(_PIECE):
                    yield piece


class MultipartUpload:
    """One multipart upload; its parts may come from several threads."""

    def __init__(
        self,
        results: Results,
        bucket: str,
        key: str,
        form: FileFormat,
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
        self._over = False
        with translate_aws_errors("begin a result"):
            self._id = s3.create_multipart_upload(
                Bucket=bucket,
                Key=key,
                ContentType=form.media_type,
                Metadata=dict(metadata),
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )["UploadId"]

    def part(self, number: int, content: bytes | bytearray) -> None:
        """Send one part; parts count from 1."""
        checksum = crc32_base64(zlib.crc32(content))
        with translate_aws_errors("send a part of a result"):
            answer = self._s3.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=content,  # type: ignore[arg-type]  # it takes bytearrays too
                ChecksumCRC32=checksum,
            )
        self._parts[number] = {
            "PartNumber": number,
            "ETag": answer["ETag"],
            "ChecksumCRC32": checksum,
        }

    def complete(self, tally: StreamStats) -> StoredObject:
        """Make the object visible, if none is there; else give the one that is.

        This is the only moment at which a result appears, and S3 compares its
        size and checksum with what was measured on the way.
        """
        try:
            with translate_aws_errors("publish a result"):
                answer = self._s3.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=self._id,
                    MultipartUpload={
                        "Parts": [self._parts[number] for number in sorted(self._parts)]
                    },
                    MpuObjectSize=tally.bytes,
                    ChecksumCRC32=tally.crc32_base64,
                    ChecksumType="FULL_OBJECT",
                    IfNoneMatch="*",
                )
        except (AwsRefused, AwsUnavailable):
            # Somebody was first (412), or it was done and the answer lost.
            if (there := self._results.find(self._key, job_id=self._job_id)) is None:
                raise
            return there
        self._over = True
        return StoredObject(
            key=self._key, version_id=answer.get("VersionId", ""), bytes=tally.bytes
        )

    def abort_unless_completed(self) -> None:
        """Throw the parts away; what fails here, the bucket's lifecycle does."""
        if self._over:
            return
        self._over = True
        try:
            self._s3.abort_multipart_upload(
                Bucket=self._bucket, Key=self._key, UploadId=self._id
            )
        except (ClientError, BotoCoreError):
            telemetry.logger.warning("upload not aborted")
            telemetry.emit({Metric.UPLOADS_NOT_ABORTED: 1}, job_id=self._job_id)
