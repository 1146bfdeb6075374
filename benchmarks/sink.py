"""Sink: an S3 for one multipart upload that checks what comes and keeps nothing."""

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
_NUMBERS = re.compile(rb"<PartNumber>(\d+)</PartNumber>")


@dataclass
class Sink:
    """What was received: bytes by part, and whether it was completed or aborted."""

    parts: dict[int, int] = field(default_factory=dict)
    completed: bool = False
    aborted: bool = False

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Answer as S3 does, or with 400 to what it would refuse."""
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
        listed = [int(number) for number in _NUMBERS.findall(request.body.read(BLOCK))]
        told = request.headers
        if (
            listed != sorted(self.parts)
            or told.get("if-none-match") != "*"
            or told.get("x-amz-mp-object-size") != str(sum(self.parts.values()))
            or told.get("x-amz-checksum-type") != "FULL_OBJECT"
            or not told.get("x-amz-checksum-crc32")
        ):
            return _xml("<Error><Code>InvalidRequest</Code></Error>", status=400)
        self.completed = True
        return _xml(
            "<CompleteMultipartUploadResult><ETag>1</ETag>"
            "</CompleteMultipartUploadResult>"
        )


@contextmanager
def sinking() -> Iterator[tuple[Sink, str]]:
    """Serve a sink on loopback; give it with its address."""
    sink = Sink()
    with serving(sink) as server:
        yield sink, f"http://{LOOPBACK}:{server.port}"


def _xml(text: str, status: int = 200) -> HttpReply:
    return HttpReply(status=status, headers=_XML, content=Content.of(text.encode()))
