"""One Lambda execution environment: an interpreter under AWS' own runtime client."""

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.emulator.runtime_api import Invocation, Reply, RuntimeApi

# The init phase has ten seconds; a start that takes longer goes on the first
# invocation's account.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_INIT_SECONDS = 10
_EXIT_CHECK_SECONDS = 0.05
_RESPONSE_LIMIT = 6_291_556
_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True)
class Function:
    """What an environment needs to know of a deployed function."""

    arn: str
    handler: str
    timeout: int
    code: Path
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: the JSON result or the error document, and the log."""

    body: Any
    failed: bool
    log: str


class Environment:
    """A process that serves one invocation after the other, as AWS keeps them warm.

    It does not survive what it would not survive in AWS: a time-out, its own
    exit, a failed start. `alive` is False then, and another one has to be made.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self._api = RuntimeApi()
        # Closing the write end, which the end of this process does as well, ends
        # the child: see bootstrap.py.
        watched, self._lifeline = os.pipe()
        # A file, not a pipe: what the handler wrote before it answered is there
        # when the answer is, and nothing blocks when nobody reads.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._log_read = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-P", str(_BOOTSTRAP), str(watched), function.handler],
            cwd=function.code,
            env={
                **function.variables,
                "AWS_LAMBDA_LOG_STREAM_NAME": _log_stream(),
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=(watched,),
            start_new_session=True,
        )
        os.close(watched)

    @property
    def alive(self) -> bool:
        """Whether another invocation can be given to it."""
        return self._process.poll() is None and self._api.init_error is None

    def serves(self, function: Function) -> bool:
        """Whether it can take a call of exactly this version of a function."""
        return self.function == function and self.alive

    def invoke(self, request_id: str, event: object, trace_id: str | None) -> Outcome:
        """Run one event through the handler; never raises for what the handler does."""
        reply = self._started(request_id) or self._handled(request_id, event, trace_id)
        if not reply.failed and len(reply.body) > _RESPONSE_LIMIT:
            reply = _failure(
                request_id,
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size "
                f"({_RESPONSE_LIMIT} bytes).",
            )
        return Outcome(
            json.loads(reply.body or b"null"), reply.failed, self._logged() + reply.note
        )

    def stop(self) -> None:
        """End the process and everything that it started."""
        # Its own session, so its id is its group's; gone already is fine too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()
        os.close(self._lifeline)
        self._log.close()

    def _started(self, request_id: str) -> Reply | None:
        """Wait for the runtime; what it says instead when it could not start."""
        deadline = time.monotonic() + _INIT_SECONDS + self.function.timeout
        while not self._api.ready.wait(_EXIT_CHECK_SECONDS):
            # A runtime that cannot start says so, then exits: the word counts.
            if self._process.poll() is not None and not self._api.ready.is_set():
                return self._exited(request_id)
            if time.monotonic() > deadline:
                return self._timed_out(request_id)
        if self._api.init_error is not None:
            return Reply(request_id, failed=True, body=self._api.init_error)
        return None

    def _handled(self, request_id: str, event: object, trace_id: str | None) -> Reply:
        timeout = self.function.timeout
        deadline = time.monotonic() + timeout
        self._api.offer(
            Invocation(
                request_id,
                json.dumps(event).encode(),
                int((time.time() + timeout) * 1000),
                self.function.arn,
                trace_id,
            )
        )
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                return self._api.replies.get(timeout=min(left, _EXIT_CHECK_SECONDS))
            if self._process.poll() is not None and self._api.replies.empty():
                return self._exited(request_id)
        return self._timed_out(request_id)

    def _exited(self, request_id: str) -> Reply:
        code = self._process.wait()
        if code == 0:
            how = "without providing a reason"
        elif code > 0:
            how = f"with error: exit status {code}"
        else:
            name = signal.Signals(-code).name.removeprefix("SIG").lower()
            how = f"with error: signal: {name}"
        message = f"RequestId: {request_id} Error: Runtime exited {how}"
        return _failure(request_id, "Runtime.ExitError", message)

    def _timed_out(self, request_id: str) -> Reply:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        text = f"Task timed out after {self.function.timeout:.2f} seconds"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return _failure(
            request_id,
            "Sandbox.Timedout",
            f"RequestId: {request_id} Error: {text}",
            note=f"{stamp} {request_id} {text}\n",
        )

    def _logged(self) -> str:
        """What was written since the last invocation."""
        size = os.fstat(self._log.fileno()).st_size
        # By position: the file offset is the child's as well.
        text = os.pread(self._log.fileno(), size - self._log_read, self._log_read)
        self._log_read = size
        return text.decode(errors="replace")


def _log_stream() -> str:
    return (
        f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{secrets.token_hex(16)}"
    )


def _failure(
    request_id: str, error_type: str, message: str, *, note: str = ""
) -> Reply:
    document = {"errorType": error_type, "errorMessage": message}
    return Reply(request_id, failed=True, body=json.dumps(document).encode(), note=note)
