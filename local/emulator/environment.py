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

from local.emulator.runtime_api import Invocation, InvocationReply, RuntimeApi

# The init phase has ten seconds; a start that takes longer counts as part of the
# first invocation.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_INIT_SECONDS = 10
_EXIT_CHECK_SECONDS = 0.05
_RESPONSE_LIMIT = 6_291_556
_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True)
class FunctionConfig:
    """The configuration of a deployed function that its environment needs."""

    arn: str
    handler: str
    timeout: int
    code: Path
    variables: Mapping[str, str]


@dataclass(frozen=True)
class InvocationResult:
    """The end of an invocation: the JSON result or the error document, and the log."""

    body: Any
    failed: bool
    log: str


class Environment:
    """A process that serves one invocation after the other, as a warm one of AWS does.

    A time-out, an exit of the process or a failed start ends it, as in AWS. Then
    `alive` is False and the next invocation needs a new environment.
    """

    def __init__(self, function: FunctionConfig) -> None:
        self.function = function
        self._api = RuntimeApi()
        # The child ends when the write end is closed, which the end of this
        # process does as well: see bootstrap.py.
        read_end, self._lifeline = os.pipe()
        # A file instead of a pipe: all output that precedes the answer is there
        # when the answer is, and the handler never blocks on an unread pipe.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._log_position = 0
        stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]"
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-P", str(_BOOTSTRAP), str(read_end), function.handler],
            cwd=function.code,
            env={
                **function.variables,
                "AWS_LAMBDA_LOG_STREAM_NAME": stream + secrets.token_hex(16),
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=(read_end,),
            start_new_session=True,
        )
        os.close(read_end)

    @property
    def alive(self) -> bool:
        """Whether the environment can take another invocation."""
        return self._process.poll() is None and self._api.init_error is None

    def serves(self, function: FunctionConfig) -> bool:
        """Return whether it can take a call of exactly this version of a function."""
        return self.function == function and self.alive

    def invoke(
        self, request_id: str, event: object, trace_id: str | None
    ) -> InvocationResult:
        """Run the handler with an event; never raise for what the handler does."""
        reply = self._wait_until_ready(request_id) or self._run_handler(
            request_id, event, trace_id
        )
        if not reply.failed and len(reply.body) > _RESPONSE_LIMIT:
            reply = _failure(
                request_id,
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size "
                f"({_RESPONSE_LIMIT} bytes).",
            )
        return InvocationResult(
            json.loads(reply.body or b"null"),
            reply.failed,
            self._read_new_output() + reply.log_line,
        )

    def stop(self) -> None:
        """End the process and every process that it started."""
        self._kill()
        self._api.close()
        os.close(self._lifeline)
        self._log.close()

    def _wait_until_ready(self, request_id: str) -> InvocationReply | None:
        """Return None once the runtime is ready, or a failure if it cannot start."""
        deadline = time.monotonic() + _INIT_SECONDS + self.function.timeout
        while not self._api.ready.wait(_EXIT_CHECK_SECONDS):
            # A runtime that cannot start reports an error before it exits; that
            # report has priority over the exit status.
            if self._process.poll() is not None and not self._api.ready.is_set():
                return self._exit_failure(request_id)
            if time.monotonic() > deadline:
                return self._time_out(request_id)
        if self._api.init_error is not None:
            return InvocationReply(request_id, failed=True, body=self._api.init_error)
        return None

    def _run_handler(
        self, request_id: str, event: object, trace_id: str | None
    ) -> InvocationReply:
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
                return self._exit_failure(request_id)
        return self._time_out(request_id)

    def _exit_failure(self, request_id: str) -> InvocationReply:
        status = self._process.wait()
        if status == 0:
            reason = "without providing a reason"
        elif status > 0:
            reason = f"with error: exit status {status}"
        else:
            name = signal.Signals(-status).name.removeprefix("SIG").lower()
            reason = f"with error: signal: {name}"
        message = f"RequestId: {request_id} Error: Runtime exited {reason}"
        return _failure(request_id, "Runtime.ExitError", message)

    def _time_out(self, request_id: str) -> InvocationReply:
        self._kill()
        text = f"Task timed out after {self.function.timeout:.2f} seconds"
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return _failure(
            request_id,
            "Sandbox.Timedout",
            f"RequestId: {request_id} Error: {text}",
            log_line=f"{timestamp} {request_id} {text}\n",
        )

    def _kill(self) -> None:
        # The process leads its own session, so its id is that of its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _read_new_output(self) -> str:
        """Return the output since the last invocation."""
        size = os.fstat(self._log.fileno()).st_size
        # pread, because the child shares the file offset.
        text = os.pread(
            self._log.fileno(), size - self._log_position, self._log_position
        )
        self._log_position = size
        return text.decode(errors="replace")


def _failure(
    request_id: str, error_type: str, message: str, *, log_line: str = ""
) -> InvocationReply:
    document = {"errorType": error_type, "errorMessage": message}
    return InvocationReply(
        request_id, failed=True, body=json.dumps(document).encode(), log_line=log_line
    )
