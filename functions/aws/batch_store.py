"""Batch store: a job's work files in the inbox bucket, expiring with the source."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.core.batch_results import RowIndex, SentRequest
from functions.core.file_formats import media_type_of
from functions.core.keys import BATCHES_PREFIX
from functions.core.model import Job
from functions.core.stream_stats import crc32_base64

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


#: The row numbers of the requests.
ROW_INDEX = "rows.json"
#: What the memory knows about a list, as Prepare has recalled it.
REMEMBERED_FILE = "remembered.jsonl"
#: What earlier attempts left for a retry.
_ENDED_REQUESTS = "ended.json"
_CHUNK_BYTES = 1024 * 1024
_ABSENT = {"404", "NoSuchKey", "NotFound"}


class BatchStore:
    """The work files of one job, under a prefix that starts no job."""

    def __init__(self, job: Job, *, s3: "S3Client") -> None:
        self._bucket = job.bucket
        self._prefix = f"{BATCHES_PREFIX}{job.provider}/{job.job_id}"
        self._s3 = s3

    def key(self, name: str) -> str:
        """Return the S3 key of a work file."""
        return f"{self._prefix}/{name}"

    def put(self, name: str, content: bytes) -> str:
        """Write a work file, replacing an earlier one, and return its version id."""
        return self.put_file(name, BytesIO(content))

    def put_file(self, name: str, file: BinaryIO) -> str:
        """Write the whole of an open file, which may be larger than the memory."""
        file.seek(0)
        crc = 0
        while chunk := file.read(_CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
        file.seek(0)
        with translate_aws_errors("write a work file of the batch"):
            response = self._s3.put_object(
                Bucket=self._bucket,
                Key=self.key(name),
                Body=file,
                ContentType=media_type_of(name),
                ChecksumCRC32=crc32_base64(crc),
            )
        return response["VersionId"]

    def read(self, name: str) -> bytes:
        """Return the content of a work file."""
        with translate_aws_errors("read a work file of the batch"):
            return self._read(name)

    def chunks(self, name: str, version_id: str) -> Iterator[bytes]:
        """Read one version of a work file to its end, chunk by chunk."""
        with translate_aws_errors("read a work file"):
            body = self._s3.get_object(
                Bucket=self._bucket, Key=self.key(name), VersionId=version_id
            )["Body"]
            with body:
                while chunk := body.read(_CHUNK_BYTES):
                    yield chunk

    def read_json(self, name: str) -> Any:  # noqa: ANN401 - any JSON of ours
        """Return a work file as JSON."""
        return json.loads(self.read(name))

    def answers(self, output: Any) -> Sequence[Any]:  # noqa: ANN401 - JSON of AWS
        """Return what the requests of the Map ended with, by the Map's output.

        It names the objects that have it; in executions that an earlier release began,
        it has the answers themselves. What broke down is not among them.
        """
        if isinstance(output, list):
            return output
        with translate_aws_errors("read how the requests ended"):
            manifest = json.loads(self._get(output["ResultWriterDetails"]["Key"]))
            files = manifest["ResultFiles"]["SUCCEEDED"]
            return [
                json.loads(line)
                for file in files
                for line in self._get(file["Key"]).splitlines()
            ]

    def write_ended_requests(self, requests: Mapping[str, SentRequest]) -> None:
        """Write how the requests have ended, by their first ids, for a retry."""
        document = {key: request.to_document() for key, request in requests.items()}
        self.put(_ENDED_REQUESTS, json.dumps(document).encode())

    def ended_requests(self) -> dict[str, SentRequest]:
        """Return how the requests ended; empty if no attempt came to their end."""
        document = self._find_json(_ENDED_REQUESTS) or {}
        return {
            key: SentRequest.from_document(ended) for key, ended in document.items()
        }

    def row_index(self) -> RowIndex | None:
        """Return what Prepare wrote last; None if no try of it came so far."""
        document = self._find_json(ROW_INDEX)
        return RowIndex.from_document(document) if document else None

    def _find_json(self, name: str) -> Any:  # noqa: ANN401 - any JSON of ours
        with translate_aws_errors("read a work file of the batch"):
            try:
                return json.loads(self._read(name))
            except ClientError as error:
                if error_code(error) in _ABSENT:
                    return None
                raise

    def _read(self, name: str) -> bytes:
        return self._get(self.key(name))

    def _get(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
