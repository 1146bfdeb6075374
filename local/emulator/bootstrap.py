"""First code of a Lambda environment: goes when the emulator goes, runs AWS' runtime.

Run as a script by path, with -P, so that neither this directory nor the project
is importable: the handler sees its asset, then what the interpreter has (boto3,
as in AWS' own runtimes).
"""

import http
import http.client
import os
import signal
import sys
import threading
import types

_DEADLINE = "Lambda-Runtime-Deadline-Ms"


class RuntimeClient(types.ModuleType):
    """What awslambdaric imports as `runtime_client`: a C extension, on Linux only.

    In Python it is the same on every system, and a thread that waits for an event
    does not keep the others from running.
    """

    def initialize_client(self, _user_agent: str) -> None:
        """Connect once; the server keeps the connection open."""
        address = os.environ["AWS_LAMBDA_RUNTIME_API"]
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[bytes, dict[str, str | int]]:
        """Wait for an event, which comes with what Lambda says of it."""
        event, headers = self._request("GET", "next")
        # The one header that the extension hands on as a number.
        return event, {**headers, _DEADLINE: int(headers[_DEADLINE])}

    def post_invocation_result(
        self, request_id: str, result: bytes, content_type: str, _id: str | None = None
    ) -> None:
        """Hand in what the handler returned."""
        headers = {"Content-Type": content_type}
        self._request("POST", f"{request_id}/response", result, headers)

    def post_error(
        self, request_id: str, error: str, _xray: str, _id: str | None = None
    ) -> None:
        """Hand in what the handler raised."""
        self._request("POST", f"{request_id}/error", error.encode())

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        url = f"/2018-06-01/runtime/invocation/{path}"
        self._connection.request(method, url, body, headers or {})
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ConnectionError(f"{url} answered {response.status}")
        return content, dict(response.getheaders())


def _end_with_emulator(watched: int) -> None:
    """A pipe that ends says that the emulator is gone, however it went."""
    os.read(watched, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Watch the pipe named by the first argument, serve the handler of the second."""
    watched, handler = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with_emulator, args=(watched,), daemon=True).start()

    sys.modules["runtime_client"] = RuntimeClient("runtime_client")
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415 - now it may

    serve(["awslambdaric", handler])


if __name__ == "__main__":
    main()
