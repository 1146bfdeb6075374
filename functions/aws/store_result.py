"""Store result: write a body into the results bucket, once and only when whole."""

from collections.abc import Callable, Mapping
from contextlib import closing

from functions.aws import telemetry
from functions.aws.results import Results, StoredObject
from functions.aws.streaming import stream
from functions.core.body import Body
from functions.core.file_formats import FileFormat
from functions.core.metrics import Metric
from functions.core.model import File
from functions.core.stream_stats import StreamStats

_CHUNK_BYTES = 64 * 1024


def store_result(
    results: Results,
    key: str,
    file_format: FileFormat,
    *,
    job_id: str,
    kind: str,
    open_body: Callable[[], Body],
) -> File:
    """Write a body as an object unless the job has it already; return the file.

    An object that exists is kept, and measured; that other bytes came for it is logged
    and counted. `open_body` is called once at most,
    after every call that could fail before it, because it may use up a one-time link.
    """
    stored, stats = results.find(key, job_id=job_id), StreamStats(file_format)
    if stored is None:
        put = _put_small if file_format.is_small else _put_multipart
        metadata = {"job-id": job_id, "kind": kind}
        stored, stats = put(results, key, file_format, metadata, open_body)
    if stored.existed:  # another try may have written it, with other content
        received, stats = stats, results.measure(stored, file_format)
        if received.bytes and received.sha256 != stats.sha256:
            telemetry.logger.warning("result differs from the stored one", kind=kind)
            telemetry.emit({Metric.RESULTS_DIFFERED: 1}, job_id=job_id)
    return File(
        kind=kind,
        key=stored.key,
        version_id=stored.version_id,
        bytes=stats.bytes,
        rows=stats.rows,
        sha256=stats.sha256,
    )


def _put_multipart(
    results: Results,
    key: str,
    file_format: FileFormat,
    metadata: Mapping[str, str],
    open_body: Callable[[], Body],
) -> tuple[StoredObject, StreamStats]:
    with results.upload(key, file_format, metadata=metadata) as upload:
        with closing(open_body()) as body:
            stats = stream(body, upload, file_format)
        return upload.complete(stats), stats


def _put_small(
    results: Results,
    key: str,
    file_format: FileFormat,
    metadata: Mapping[str, str],
    open_body: Callable[[], Body],
) -> tuple[StoredObject, StreamStats]:
    """Write in one call what fits into memory: a multipart upload takes three."""
    content, buffer = bytearray(), memoryview(bytearray(_CHUNK_BYTES))
    with closing(open_body()) as body:
        while count := body.readinto(buffer):
            content += buffer[:count]
    stats = StreamStats(file_format)
    stats.update(bytes(content))
    return results.put(key, bytes(content), metadata=metadata), stats
