"""Hosts on loopback to which a provider's answer could lead."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def unused_base_url() -> str:
    """Return a URL at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


class LoopbackListener:
    """A host that should get no connection, or no data."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator["LoopbackListener"]:
        """Listen until the block ends."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            yield cls(listener)

    def accept(self) -> bytes | None:
        """Return the data of the next connection, closed by now; None if none came."""
        try:
            connection, _address = self._listener.accept()
        except BlockingIOError:
            return None
        with connection:
            connection.settimeout(5)
            return connection.recv(65536)


@contextmanager
def raw_response_server(response: bytes) -> Iterator[str]:
    """Answer one request with these bytes, then close; yield host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_respond, args=(listener, response))
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _respond(listener: socket.socket, response: bytes) -> None:
    with suppress(OSError):
        connection, _address = listener.accept()
        with connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(response)
