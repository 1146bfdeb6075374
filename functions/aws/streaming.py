"""Streaming: copy a body into a multipart upload through a ring of reused buffers.

One thread reads, hashes and counts; another sends what was read before. The memory for
a result of any size is two buffers. A second sender would take a third one, and is no
faster where a part is sent in the time in which the next one comes.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from functions.aws.results import MultipartUpload
from functions.core.body import Body
from functions.core.file_formats import FileFormat
from functions.core.stream_stats import StreamStats

#: S3 takes 10,000 parts, which then hold 156 GiB: more than a Lambda function can move
#: in its 15 minutes.
PART_BYTES = 16 * 1024 * 1024
_READ_BYTES = 256 * 1024
_SENDERS = 1


def stream(body: Body, upload: MultipartUpload, file_format: FileFormat) -> StreamStats:
    """Copy a body into an upload to its end, and return its statistics.

    Raises:
        CourierError: Reading or sending failed; the upload is then not completed, and
            nothing is visible.
    """
    stats = StreamStats(file_format)
    sending: deque[tuple[Future[None], bytearray]] = deque()
    with ThreadPoolExecutor(_SENDERS) as senders:
        try:
            number = 0
            while True:
                buffer = _free_buffer(sending)
                if not _fill(buffer, body, stats) and number:
                    break
                number += 1
                crc32 = stats.end_part()
                future = senders.submit(upload.send_part, number, buffer, crc32)
                sending.append((future, buffer))
                if len(buffer) < PART_BYTES:
                    break
        finally:
            # After a failure, too: no thread may outlive the upload.
            failures = [future.exception() for future, _ in sending]
    for failure in failures:
        if failure is not None:
            raise failure
    return stats


def _free_buffer(sending: deque[tuple[Future[None], bytearray]]) -> bytearray:
    """Return a new buffer, or the oldest one as soon as it has been sent."""
    if len(sending) <= _SENDERS:
        return bytearray(PART_BYTES)
    sent, buffer = sending.popleft()
    sent.result()
    return buffer


def _fill(buffer: bytearray, body: Body, stats: StreamStats) -> int:
    """Fill a buffer, cut it to the bytes that were read, and return their number."""
    filled = 0
    with memoryview(buffer) as view:
        while filled < len(buffer):
            with view[filled : filled + _READ_BYTES] as space:
                count = body.readinto(space)
                stats.update(space[:count])
            if not count:
                break
            filled += count
    del buffer[filled:]
    return filled
