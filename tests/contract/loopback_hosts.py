"""Stand-ins: hosts on loopback that a provider could try to lead us to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def unused_base_url() -> str:
    """Give an address at which nobody listens any more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


class LoopbackListener:
    """A host that should never hear from us."""

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

    @property
    def connected(self) -> bool:
        """Whether anybody has connected since the last look."""
        try:
            visitor, _address = self._listener.accept()
        except BlockingIOError:
            return False
        visitor.close()
        return True

    @property
    def received(self) -> bytes:
        """What the next visitor, who has left already, has said."""
        try:
            visitor, _address = self._listener.accept()
        except BlockingIOError:
            return b""
        with visitor:
            visitor.settimeout(5)
            return visitor.recv(65536)


@contextmanager
def raw_response_server(answer: bytes) -> Iterator[str]:
    """Answer one request with these very bytes, then close; give the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_say, args=(listener, answer))
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _say(listener: socket.socket, answer: bytes) -> None:
    with suppress(OSError):
        visitor, _address = listener.accept()
        with visitor:
            while b"\r\n\r\n" not in visitor.recv(65536):
                pass
            visitor.sendall(answer)
