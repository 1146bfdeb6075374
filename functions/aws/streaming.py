"""Streaming: a body becomes a multipart upload, through a ring of reused buffers.

One thread reads, hashes and counts; two others send. Two senders hide the time
that S3 takes to answer, more gain nothing; one buffer more than senders is all the
memory that a result of any size takes.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from functions.aws.results import MultipartUpload
from functions.core.file_formats import FileFormat
from functions.core.stream_stats import StreamStats
from functions.providers.protocol import Body

#: 10,000 parts, the most that S3 takes, then hold 156 GiB: more than a Lambda
#: function can move in its 15 minutes.
PART_BYTES = 16 * 1024 * 1024
_SLICE = 256 * 1024
_SENDERS = 2


def stream(body: Body, upload: MultipartUpload, form: FileFormat) -> StreamStats:
    """Carry a body into an upload to its end; give what passed.

    Raises:
        CourierError: Whatever reading or sending raised; the upload is then not
            completed, and nothing is visible.
    """
    tally = StreamStats(form)
    sending: deque[tuple[Future[None], bytearray]] = deque()
    with ThreadPoolExecutor(_SENDERS) as senders:
        try:
            number = 0
            while True:
                buffer = _buffer(sending)
                if not _fill(buffer, body, tally) and number:
                    break
                number += 1
                sending.append((senders.submit(upload.part, number, buffer), buffer))
                if len(buffer) < PART_BYTES:
                    break
        finally:
            # Also after a failure: no thread may outlive the upload.
            failures = [future.exception() for future, _ in sending]
    for failure in failures:
        if failure is not None:
            raise failure
    return tally


def _buffer(sending: deque[tuple[Future[None], bytearray]]) -> bytearray:
    if len(sending) <= _SENDERS:
        return bytearray(PART_BYTES)
    sent, buffer = sending.popleft()
    sent.result()
    return buffer


def _fill(buffer: bytearray, body: Body, tally: StreamStats) -> int:
    """Fill a buffer, and cut it to what there was; give how much."""
    filled = 0
    with memoryview(buffer) as view:
        while filled < len(buffer):
            with view[filled : filled + _SLICE] as room:
                count = body.readinto(room)
                tally.update(room[:count])
            if not count:
                break
            filled += count
    del buffer[filled:]
    return filled
