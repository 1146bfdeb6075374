"""A receiver of notices on this machine that answers, byte for byte, as a test says."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: Instead of an answer: the connection stays open, and nothing comes.
HANG = b"hang"


@dataclass
class OddReceiver:
    """Its address, and the requests that it got, each whole."""

    url: str
    requests: list[bytes] = field(default_factory=list)

    @classmethod
    @contextmanager
    def started(
        cls, answer: bytes, *, endless: bool = False
    ) -> "Iterator[OddReceiver]":
        """Serve one answer to each request until the block ends.

        With `endless`, the answer is followed by a body that does not end.
        """
        stop = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as server:
            receiver = cls(url=f"http://127.0.0.1:{server.getsockname()[1]}/hook")

            def serve() -> None:
                while True:
                    try:
                        connection, _ = server.accept()
                    except OSError:  # the block has ended
                        return
                    with connection, suppress(OSError):
                        receiver.requests.append(_read_request(connection))
                        if answer != HANG:
                            connection.sendall(answer)
                        while endless and not stop.is_set():
                            connection.sendall(b"x" * 65_536)
                        if answer == HANG:
                            connection.recv(1)  # until the other side gives up

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield receiver
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _read_request(connection: socket.socket) -> bytes:
    request = bytearray()
    while b"\r\n\r\n" not in request:
        request += connection.recv(65_536)
    head, _, body = bytes(request).partition(b"\r\n\r\n")
    (length,) = (
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
