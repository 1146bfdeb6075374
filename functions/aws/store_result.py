"""Delivery: a body becomes a result of a job, once and only when it is whole."""

from collections.abc import Callable, Mapping
from contextlib import closing

from functions.aws.results import Results, StoredObject
from functions.aws.streaming import stream
from functions.core.file_formats import FileFormat
from functions.core.model import File
from functions.core.stream_stats import StreamStats
from functions.providers.protocol import Body

_PIECE = 64 * 1024


def store_result(
    results: Results,
    key: str,
    form: FileFormat,
    *,
    job_id: str,
    kind: str,
    open_body: Callable[[], Body],
) -> File:
    """Give the file as it stands in the results bucket.

    What is there already is ours, and is measured instead. `open_body` is called last,
    after everything that could fail without it, and once.
    """
    stored, tally = results.find(key, job_id=job_id), StreamStats(form)
    if stored is None:
        metadata = {"job-id": job_id, "kind": kind}
        deliver_one = _put_small if form.is_small else _put_multipart
        stored, tally = deliver_one(results, key, form, metadata, open_body)
    if stored.found:  # perhaps by another attempt: say what is true of it
        tally = results.measure(stored, form)
    return File(
        kind=kind,
        key=stored.key,
        version_id=stored.version_id,
        bytes=tally.bytes,
        rows=tally.rows,
        sha256=tally.sha256,
    )


def _put_multipart(
    results: Results,
    key: str,
    form: FileFormat,
    metadata: Mapping[str, str],
    open_body: Callable[[], Body],
) -> tuple[StoredObject, StreamStats]:
    with results.upload(key, form, metadata=metadata) as upload:
        with closing(open_body()) as body:
            tally = stream(body, upload, form)
        tally.check_plausible()
        return upload.complete(tally), tally


def _put_small(
    results: Results,
    key: str,
    form: FileFormat,
    metadata: Mapping[str, str],
    open_body: Callable[[], Body],
) -> tuple[StoredObject, StreamStats]:
    """Spare a small result the three calls that an upload in parts takes."""
    content, buffer = bytearray(), memoryview(bytearray(_PIECE))
    with closing(open_body()) as body:
        while count := body.readinto(buffer):
            content += buffer[:count]
    tally = StreamStats(form)
    tally.update(bytes(content))
    tally.check_plausible()
    return results.put(key, bytes(content), metadata=metadata), tally
