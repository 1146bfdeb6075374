"""Run AWS' Lambda runtime in this process until the emulator ends.

It is run by path and with -P, so that neither this directory nor the project is
importable: the handler sees its asset, then the interpreter's packages (boto3, as
in AWS' own runtimes).
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
    """A replacement for awslambdaric's `runtime_client`, a C extension for Linux.

    Written in Python, it works on every system, and a thread that waits for an
    event does not block the others.
    """

    def initialize_client(self, _user_agent: str) -> None:
        """Prepare the connection, which the server keeps open."""
        address = os.environ["AWS_LAMBDA_RUNTIME_API"]
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[bytes, dict[str, str | int]]:
        """Wait for an event and return it with Lambda's headers."""
        event, headers = self._request("GET", "next")
        # The C extension returns this one header as a number.
        return event, {**headers, _DEADLINE: int(headers[_DEADLINE])}

    def post_invocation_result(
        self, request_id: str, result: bytes, content_type: str, _id: str | None = None
    ) -> None:
        """Send the value that the handler returned."""
        headers = {"Content-Type": content_type}
        self._request("POST", f"{request_id}/response", result, headers)

    def post_error(
        self, request_id: str, error: str, _xray: str, _id: str | None = None
    ) -> None:
        """Send the exception that the handler raised."""
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


def _end_with_emulator(pipe: int) -> None:
    """Kill this process group when the pipe closes: the emulator has ended."""
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serve the handler named by argument 2 until the pipe of argument 1 closes."""
    pipe, handler = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with_emulator, args=(pipe,), daemon=True).start()

    # awslambdaric imports `runtime_client` when it is imported itself.
    sys.modules["runtime_client"] = RuntimeClient("runtime_client")
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415 - see above

    serve(["awslambdaric", handler])


if __name__ == "__main__":
    main()
