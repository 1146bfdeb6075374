"""Parcels: what a batch was made into, kept for as long as its source is."""

import json
import zlib
from typing import TYPE_CHECKING, Any

from functions.aws.clients import translate_aws_errors
from functions.core.model import Job
from functions.core.stream_stats import crc32_base64

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: In the inbox, where it starts no job: no provider has this name.
BATCHES = "batches/"


class BatchStore:
    """A batch's own objects in the inbox bucket, under a prefix that starts no job."""

    def __init__(self, job: Job, *, s3: "S3Client") -> None:
        self._bucket = job.bucket
        self._prefix = f"{BATCHES}{job.provider}/{job.job_id}"
        self._s3 = s3

    def key(self, name: str) -> str:
        """Name an object of the batch."""
        return f"{self._prefix}/{name}"

    def put(self, name: str, content: bytes) -> str:
        """Write an object, again if need be; give its version."""
        with translate_aws_errors("write down a batch"):
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=self.key(name),
                Body=content,
                ContentType="application/json",
                ChecksumCRC32=crc32_base64(zlib.crc32(content)),
            )
        return answer["VersionId"]

    def read(self, name: str) -> bytes:
        """Read an object of the batch whole."""
        with translate_aws_errors("read what a batch was made into"):
            answer = self._s3.get_object(Bucket=self._bucket, Key=self.key(name))
            return answer["Body"].read()

    def read_json(self, name: str) -> Any:  # noqa: ANN401 - any JSON of ours
        """Read an object of the batch as JSON."""
        return json.loads(self.read(name))
