"""Contenders: copy a result into a bucket, each in its own way.

    python -m benchmarks.contenders NAME < task.json

Each runs in a process of its own. Imports and clients are made before the clock starts;
the processor's seconds and the peak of memory are those of the process.
"""

import hashlib
import json
import ssl
import sys
import time
import zlib
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import boto3
import requests
from botocore.config import Config

from functions.aws import clients
from functions.aws.results import Results
from functions.core.model import Job
from functions.core.provider_settings import IpqsSettings, parse_providers
from functions.download import download
from functions.providers.ipqs.adapter import Ipqs
from functions.providers.transport.http import HttpClient

_PART_BYTES = 16 * 1024 * 1024
_BUCKET, _KEY = "results", "key"

#: What a contender is told: addresses, files and settings.
Task = dict[str, Any]
#: What it found out about the result.
Found = tuple[int, int, str]


class Measured:
    """A stream's size, rows and SHA-256, as the usual code computes them."""

    def __init__(self, stream: Any = None) -> None:  # noqa: ANN401 - urllib3's
        self.sha256 = hashlib.sha256()
        self.bytes = self.lines = 0
        self.last = b"\n"
        self._stream = stream

    def update(self, chunk: bytes | memoryview) -> None:
        """Count a chunk."""
        self.sha256.update(chunk)
        self.bytes += len(chunk)
        self.lines += bytes(chunk).count(b"\n")
        self.last = bytes(chunk[-1:]) or self.last

    def read(self, size: int = -1) -> bytes:
        """Read from the stream, and count what came."""
        data: bytes = self._stream.read(size)
        self.update(data)
        return data

    @property
    def found(self) -> Found:
        """Size, rows and hash."""
        lines = self.lines + (self.last != b"\n")
        return self.bytes, lines - 1, self.sha256.hexdigest()


def product(task: Task) -> Callable[[], Found]:
    """Return the step Download, with the adapter of IPQS."""
    settings = parse_providers({"ipqs": task["settings"]}, where="settings")["ipqs"]
    assert isinstance(settings, IpqsSettings)  # noqa: S101 - for mypy
    http = HttpClient(tls=ssl.create_default_context(cafile=task["ca"]), loopback=True)
    adapter = Ipqs(settings, http=http, key=lambda _: "key", now=time.time)
    results = Results(_BUCKET, s3=clients.s3())

    def copy() -> Found:
        file = download(
            Job(job_id="0", provider="ipqs", type="email", provider_ref="7"),
            "all",
            adapter=adapter,
            results=results,
            attempts=1,
            now=time.time,
            ends_at=time.time() + 900.0,
        )
        return file.bytes, file.rows or 0, file.sha256

    return copy


def pool(task: Task) -> Callable[[], Found]:
    """Return two threads that send parts with a checksum of their own."""
    s3 = clients.s3()  # unsigned payload, no second checksum

    def copy() -> Found:
        begun = s3.create_multipart_upload(
            Bucket=_BUCKET, Key=_KEY, ChecksumAlgorithm="CRC32"
        )
        sending: deque[Future[Any]] = deque()
        parts: list[Any] = []

        def send(number: int, part: bytes) -> Any:  # noqa: ANN401 - boto3's part
            checksum = b64encode(zlib.crc32(part).to_bytes(4)).decode()
            sent = s3.upload_part(
                Bucket=_BUCKET,
                Key=_KEY,
                UploadId=begun["UploadId"],
                PartNumber=number,
                Body=part,
                ChecksumCRC32=checksum,
            )
            return {"PartNumber": number, "ETag": sent["ETag"]}

        with ThreadPoolExecutor(2) as senders, closing(_get(task)) as response:
            measured = Measured(response.raw)
            number = 0
            while part := measured.read(_PART_BYTES):
                number += 1
                sending.append(senders.submit(send, number, part))
                if len(sending) > 2:  # noqa: PLR2004 - two threads
                    parts.append(sending.popleft().result())
            parts += [sent.result() for sent in sending]
        s3.complete_multipart_upload(
            Bucket=_BUCKET,
            Key=_KEY,
            UploadId=begun["UploadId"],
            MultipartUpload={"Parts": parts},
        )
        return measured.found

    return copy


def upload_fileobj(task: Task) -> Callable[[], Found]:
    """Return boto3's own way to copy a stream, as it comes."""
    s3 = boto3.client("s3")

    def copy() -> Found:
        with closing(_get(task)) as response:
            measured = Measured(response.raw)
            s3.upload_fileobj(measured, _BUCKET, _KEY)  # type: ignore[arg-type]
        return measured.found

    return copy


def usual(task: Task) -> Callable[[], Found]:
    """Return the usual code: chunks of 8 KiB, gathered into parts, sent in turn."""
    s3 = boto3.client("s3", config=Config(retries={"mode": "standard"}))

    def copy() -> Found:
        begun = s3.create_multipart_upload(Bucket=_BUCKET, Key=_KEY)
        measured, part = Measured(), b""
        parts: list[Any] = []
        gathered = bytearray()

        def send() -> None:
            sent = s3.upload_part(
                Bucket=_BUCKET,
                Key=_KEY,
                UploadId=begun["UploadId"],
                PartNumber=len(parts) + 1,
                Body=bytes(gathered),
            )
            parts.append({"PartNumber": len(parts) + 1, "ETag": sent["ETag"]})
            gathered.clear()

        with closing(_get(task)) as response:
            for part in response.iter_content(8 * 1024):
                measured.update(part)
                gathered += part
                if len(gathered) >= _PART_BYTES:
                    send()
        if gathered:
            send()
        s3.complete_multipart_upload(
            Bucket=_BUCKET,
            Key=_KEY,
            UploadId=begun["UploadId"],
            MultipartUpload={"Parts": parts},
        )
        return measured.found

    return copy


def _get(task: Task) -> requests.Response:
    response = requests.get(task["url"], stream=True, timeout=60, verify=task["ca"])
    response.raise_for_status()
    return response


CONTENDERS = {
    "product": product,
    "boto3 pool of two": pool,
    "upload_fileobj": upload_fileobj,
    "iter_content, upload_part": usual,
}


def main() -> int:
    """Copy the result once, and print what that took."""
    copy = CONTENDERS[sys.argv[1]](json.load(sys.stdin))
    begin, begin_cpu = time.perf_counter(), time.process_time()
    size, rows, sha256 = copy()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    with open("/proc/self/status", encoding="utf-8") as status:  # noqa: PTH123 - no file
        peak = next(line for line in status if line.startswith("VmHWM:"))
    print(
        json.dumps(
            {
                "bytes": size,
                "rows": rows,
                "sha256": sha256,
                "seconds": seconds,
                "cpu": cpu,
                "peak_kib": int(peak.split()[1]),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
