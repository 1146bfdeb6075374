"""Endpoints: serve a result and take an upload, over TLS, faster than it can be copied.

    python -m benchmarks.endpoints '{"certificate": …, "bytes": …, …}'

Nothing is checked that costs time: what is measured is the program between them. The
first line of output is the port.
"""

import json
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from typing import cast
from urllib.parse import parse_qs, urlsplit

LOOPBACK = "127.0.0.1"
HEADER = b"Email Address,Valid,Fraud Score,Deliverability\n"
_ROW = b"someone.%08d@mail.example.com,true,0,high\n"
#: The key of the result of a batch's request, by whose id it ends.
_REQUEST_OBJECT = re.compile(r"/(request-[0-9]+)[./]")
_MIB = 1024 * 1024
_PIECE_BYTES = 256 * 1024
#: Rows that are repeated; the result's last line may be cut.
_BLOCK = b"".join(_ROW % number for number in range(8 * _MIB // len(_ROW % 0)))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the endpoints do; rates are in bytes a second, 0 for no limit."""

    certificate: str
    bytes: int
    source_rate: float = 0.0
    sink_rate: float = 0.0
    put_seconds: float = 0.0


def main() -> int:
    """Serve until the standard input ends."""
    plan = Plan(**json.loads(sys.argv[1]))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(plan.certificate)
    with socket.create_server((LOOPBACK, 0)) as listener:
        accepting = threading.Thread(
            target=_accept, args=(listener, tls, plan), daemon=True
        )
        accepting.start()
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()
    return 0


def _accept(listener: socket.socket, tls: ssl.SSLContext, plan: Plan) -> None:
    while True:
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(accepted, tls, plan), daemon=True).start()


def _serve(accepted: socket.socket, tls: ssl.SSLContext, plan: Plan) -> None:
    try:
        with tls.wrap_socket(accepted, server_side=True) as connection:
            _Connection(connection, plan).serve()
    except OSError:  # the other side has what it wants
        accepted.close()


class _Connection:
    """One connection: requests are answered until the other side closes it."""

    def __init__(self, connection: ssl.SSLSocket, plan: Plan) -> None:
        self._connection = connection
        self._plan = plan
        self._file = cast(
            "BufferedReader", connection.makefile("rb", buffering=64 * 1024)
        )
        self._buffer = memoryview(bytearray(_PIECE_BYTES))

    def serve(self) -> None:
        """Answer request after request."""
        while line := self._file.readline():
            method, path, _ = line.decode("latin-1").split(" ", 2)
            headers = self._read_headers()
            if headers.get("expect"):
                self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            size = self._discard_body(headers)
            if path.startswith("/result?") or path == "/result":
                self._send_result()
                return
            if path.startswith("/api/"):
                self._answer(b"200 OK", self._status(headers["host"], path))
            else:
                self._store(method, path, size)

    def _read_headers(self) -> dict[str, str]:
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _discard_body(self, headers: Mapping[str, str]) -> int:
        """Read a body, which may come in chunks with a trailer; return its size."""
        begin = time.monotonic()
        if headers.get("transfer-encoding") != "chunked":
            return self._discard(int(headers.get("content-length", 0)), begin)
        size = 0
        while chunk := int(self._file.readline().partition(b";")[0], 16):
            size += self._discard(chunk, begin)
            self._file.readline()
        self._read_headers()
        return size

    def _discard(self, size: int, begin: float) -> int:
        left = size
        while left:
            count = self._file.readinto(self._buffer[: min(left, _PIECE_BYTES)])
            if not count:
                raise ConnectionResetError
            left -= count
            _keep_pace(begin, size - left, self._plan.sink_rate)
        return size

    def _send_result(self) -> None:
        length = self._plan.bytes
        self._connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n"
            b"Connection: close\r\n\r\n" % length
        )
        begin, sent = time.monotonic(), 0
        block = memoryview(HEADER + _BLOCK[: _MIB - len(HEADER)])
        blocks = memoryview(_BLOCK)
        while sent < length:
            self._connection.sendall(block[: length - sent])
            sent += min(len(block), length - sent)
            place = sent % (len(blocks) - _MIB)
            block = blocks[place : place + _MIB]
            _keep_pace(begin, sent, self._plan.source_rate)

    def _status(self, host: str, path: str) -> bytes:
        return json.dumps(
            {
                "success": True,
                "id": int(path.rpartition("/")[2]),
                "status": "FINISHED",
                "downloads": {"all": f"https://{host}/result?part=all"},
            }
        ).encode()

    def _store(self, method: str, path: str, length: int) -> None:
        query = parse_qs(urlsplit(path).query, keep_blank_values=True)
        request_id = _REQUEST_OBJECT.search(path)
        if request_id and method in ("GET", "HEAD"):
            self._send_object(request_id[1].encode(), with_body=method == "GET")
        elif method == "HEAD":
            self._answer(b"404 Not Found")
        elif method == "PUT":
            if length:
                time.sleep(self._plan.put_seconds)
            self._answer(b'200 OK\r\nETag: "1"')
        elif "uploads" in query:
            name = b"InitiateMultipartUploadResult"
            self._answer(b"200 OK", b"<%s><UploadId>1</UploadId></%s>" % (name, name))
        else:
            name = b"CompleteMultipartUploadResult"
            self._answer(b"200 OK", b"<%s><ETag>1</ETag></%s>" % (name, name))

    def _send_object(self, request_id: bytes, *, with_body: bool) -> None:
        """Send the result of a batch's request, as JSON of the plan's size."""
        content = b'{"status": "COMPLETED", "result": "%s"}' % (b"x" * self._plan.bytes)
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"x-amz-meta-job-id: %s\r\nContent-Length: %d\r\n\r\n"
        )
        self._connection.sendall(head % (request_id, len(content)))
        if with_body:
            self._connection.sendall(content)

    def _answer(self, status: bytes, content: bytes = b"") -> None:
        kind = b"application/json" if content.startswith(b"{") else b"application/xml"
        head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
        self._connection.sendall(head % (status, kind, len(content)) + content)


def _keep_pace(begin: float, count: int, rate: float) -> None:
    if rate:
        ahead = begin + count / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


if __name__ == "__main__":
    sys.exit(main())
