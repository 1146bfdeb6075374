"""Injection: number every call to the outside of a run, and fail the planned ones.

Calls come from a function's process, or from AWS itself (Step Functions calls Lambda
and SNS). Of the latter only the errors can be injected: nobody can kill AWS.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from botocore.exceptions import ReadTimeoutError

from tests.world.memory_aws.hook import client_error


class Mode(StrEnum):
    """How a call fails."""

    ERROR_BEFORE = "error-before"  # it had no effect, and the caller gets an error
    ERROR_AFTER = "error-after"  # it had its effect, and the caller gets an error
    KILLED_BEFORE = "killed-before"
    KILLED_AFTER = "killed-after"
    #: The process stalls before the call; its caller gives up and tries again, and the
    #: process goes on some calls later, next to the new try.
    ZOMBIE = "zombie"


#: The four ways in which every call fails, of those that a process makes.
FOUR_MODES = (
    Mode.ERROR_BEFORE,
    Mode.ERROR_AFTER,
    Mode.KILLED_BEFORE,
    Mode.KILLED_AFTER,
)
#: The ways in which AWS' own calls fail.
ERRORS = (Mode.ERROR_BEFORE, Mode.ERROR_AFTER)

#: Error codes and statuses of each service; the first one is what a fault without a
#: code raises.
CODES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "s3": (
        ("SlowDown", 503),
        ("InternalError", 500),
        ("RequestTimeout", 400),
        ("RequestTimeTooSkewed", 403),
    ),
    "dynamodb": (
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
    ),
    "secretsmanager": (("ThrottlingException", 400), ("InternalServiceError", 500)),
    "stepfunctions": (
        ("ThrottlingException", 400),
        ("KmsThrottlingException", 400),
        ("ServiceUnavailable", 503),
    ),
    "sts": (("Throttling", 400), ("ServiceUnavailable", 503)),
    "lambda": (("TooManyRequestsException", 429), ("ServiceException", 500)),
    "sns": (("Throttled", 429), ("KMSThrottling", 400), ("InternalError", 500)),
}
#: What an HTTP call fails with besides a lost connection: the status of an answer.
HTTP_CODES = ("429", "500", "503")


@dataclass(frozen=True, order=True)
class Fault:
    """One planned fault: of the call with the number `at`, from 0."""

    at: int
    mode: Mode
    code: str = ""  # of the error; empty for the usual one
    delay: int = 3  # after how many calls a zombie goes on

    def __str__(self) -> str:
        code = f"={self.code}" if self.code else ""
        delay = f"+{self.delay}" if self.mode is Mode.ZOMBIE else ""
        return f"{self.at}:{self.mode}{code}{delay}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fault as it is printed."""
        match = re.fullmatch(r"(\d+):([a-z-]+)(?:=(\w+))?(?:\+(\d+))?", text)
        if match is None:
            raise ValueError(f"no fault: {text!r}")
        at, mode, code, delay = match.groups()
        return cls(int(at), Mode(mode), code or "", int(delay or 3))


class Killed(BaseException):
    """The function's process ended here; nothing in it can catch this."""


class AwsCallFailed(Exception):
    """A call that AWS itself makes fails; `executed` is whether it had its effect."""


@dataclass
class Process:
    """One invocation of a function, which may be killed or stalled."""

    function: str
    killed: bool = False
    stall: Callable[[], None] | None = None  # returns when the zombie goes on

    def check_alive(self) -> None:
        """End again what was killed and went on."""
        if self.killed:
            raise Killed

    def kill(self) -> None:
        """End the process: it makes no call any more."""
        self.killed = True
        raise Killed


@dataclass
class Injector:
    """Numbers the calls of a run, and decides how each fails.

    A killed process makes no further call: its `finally` blocks still run in the
    test, but the calls that they attempt have no effect.
    """

    faults: dict[int, Fault] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    injected: list[str] = field(default_factory=list)
    #: Called before each call, with its number: a stalled process may go on.
    before_call: Callable[[int], None] = lambda _number: None
    local: threading.local = field(default_factory=threading.local)

    @property
    def process(self) -> Process | None:
        """The process whose code is running."""
        return getattr(self.local, "process", None)

    def begin(self, name: str) -> Fault | None:
        """Record a call that a process is about to make; return how it has to fail."""
        process = self.process
        if process is None:
            return None  # a call of the test itself
        process.check_alive()
        number = len(self.calls)
        fault = self._record(f"{process.function}: {name}")
        if fault is None:
            self.before_call(number)
            return None
        if fault.mode is Mode.KILLED_BEFORE:
            process.kill()
        if fault.mode is Mode.ZOMBIE:
            if process.stall is not None:
                process.stall()
            return None
        return fault

    def end(self, fault: Fault | None) -> None:
        """Kill the process after a call, where that was planned."""
        process = self.process
        if process is None:
            return
        if fault is not None and fault.mode is Mode.KILLED_AFTER:
            process.kill()
        process.check_alive()

    def aws_call(self, name: str) -> Mode | None:
        """Record a call that AWS makes; return how it has to fail."""
        number = len(self.calls)
        fault = self._record(f"aws: {name}")
        if fault is None:
            self.before_call(number)
            return None
        after = (Mode.ERROR_AFTER, Mode.KILLED_AFTER, Mode.ZOMBIE)
        return Mode.ERROR_AFTER if fault.mode in after else Mode.ERROR_BEFORE

    def _record(self, name: str) -> Fault | None:
        fault = self.faults.get(len(self.calls))
        self.calls.append(name)
        if fault is not None:
            self.injected.append(f"{fault} at {name}")
        return fault


def service_error(service: str, operation: str, code: str = "") -> Exception:
    """Return the error of an AWS call that had no effect."""
    codes = dict(CODES[service])
    code = code if code in codes else CODES[service][0][0]
    return client_error(code, codes[code], operation)


def lost_answer() -> Exception:
    """Return the error of an AWS call whose answer never arrived."""
    return ReadTimeoutError(endpoint_url="https://aws.example")
