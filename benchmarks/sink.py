"""Sink: serve S3 for one multipart upload, checking its parts and dropping them."""

import re
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.simulators.content import BLOCK, Content
from local.simulators.http_writer import HttpReply
from local.simulators.server import LOOPBACK, HttpRequest, serving

_XML = (("Content-Type", "application/xml"),)
_PART_NUMBERS = re.compile(rb"<PartNumber>(\d+)</PartNumber>")


@dataclass
class Sink:
    """The bytes of each part, and whether the upload was completed or aborted."""

    parts: dict[int, int] = field(default_factory=dict)
    completed: bool = False
    aborted: bool = False

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Respond as S3 does, with 400 to what it would refuse."""
        query = dict(request.query)
        match request.method:
            case "HEAD":
                return HttpReply(404)
            case "POST" if "uploads" in query:
                return _xml(
                    "<InitiateMultipartUploadResult><UploadId>1</UploadId>"
                    "</InitiateMultipartUploadResult>"
                )
            case "PUT" if "partNumber" in query:
                return self._part(int(query["partNumber"]), request)
            case "POST" if "uploadId" in query:
                return self._complete(request)
            case "DELETE":
                self.aborted = True
                return HttpReply(204)
        return HttpReply(400)

    def _part(self, number: int, request: HttpRequest) -> HttpReply:
        crc = size = 0
        while piece := request.body.read(BLOCK):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
        sent = request.headers.get("x-amz-checksum-crc32")
        if sent != b64encode(crc.to_bytes(4)).decode():
            return _xml("<Error><Code>BadDigest</Code></Error>", status=400)
        self.parts[number] = size
        return HttpReply(headers=(("ETag", f'"{number}"'),))

    def _complete(self, request: HttpRequest) -> HttpReply:
        listed = [
            int(number) for number in _PART_NUMBERS.findall(request.body.read(BLOCK))
        ]
        headers = request.headers
        if (
            listed != sorted(self.parts)
            or headers.get("if-none-match") != "*"
            or headers.get("x-amz-mp-object-size") != str(sum(self.parts.values()))
            or headers.get("x-amz-checksum-type") != "FULL_OBJECT"
            or not headers.get("x-amz-checksum-crc32")
        ):
            return _xml("<Error><Code>InvalidRequest</Code></Error>", status=400)
        self.completed = True
        return _xml(
            "<CompleteMultipartUploadResult><ETag>1</ETag>"
            "</CompleteMultipartUploadResult>"
        )


@contextmanager
def serve_sink() -> Iterator[tuple[Sink, str]]:
    """Serve a sink on the loopback interface, and yield it with its URL."""
    sink = Sink()
    with serving(sink) as server:
        yield sink, f"http://{LOOPBACK}:{server.port}"


def _xml(text: str, status: int = 200) -> HttpReply:
    return HttpReply(status=status, headers=_XML, content=Content.of(text.encode()))
