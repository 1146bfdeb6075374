"""Lambdas: call the product's real handlers, each try in a process of its own.

A process is cold: caches are empty, and the environment is the one that the template
gives the function. Processes share this Python process, so that only one runs at a
time: a stalled one waits in a thread until it is its turn again.
"""

import inspect
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from io import StringIO
from typing import Any, TypeVar

from functions.aws import aws_time
from functions.core.function_table import FUNCTIONS
from local.lambda_invocation import InvocationContext
from tests.world.injection import Injector, Killed, Mode, Process

_PREFIX = "COURIER_"
_KEEP = "functions.aws.clients"  # whose clients have no state of a function
_T = TypeVar("_T")


class FunctionFailed(Exception):
    """An invocation fails; `error` is the name by which Step Functions knows it."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


class Stalled(Exception):
    """The caller gave up; the process may go on later."""


class SerialExecutor:
    """An executor without threads, so that calls have the same order in each run."""

    def __init__(self, _workers: int) -> None:
        pass

    def __enter__(self) -> "SerialExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, call: Callable[..., _T], *arguments: Any) -> "Future[_T]":  # noqa: ANN401 - passed on
        """Call at once."""
        future: Future[_T] = Future()
        try:
            future.set_result(call(*arguments))
        except BaseException as error:  # noqa: BLE001 - as executors do
            future.set_exception(error)
        return future

    def map(self, call: Callable[..., _T], values: Iterator[Any]) -> Iterator[_T]:
        """Call for each value, when its result is wanted."""
        return map(call, values)


class _Context(InvocationContext):
    """The context of an invocation with all of the function's time left."""

    def __init__(self, function: str) -> None:
        super().__init__()
        self._function_name = function

    def get_remaining_time_in_millis(  # type: ignore[override]  # Lambda has no static
        self,
    ) -> int:
        return FUNCTIONS[self._function_name].timeout * 1000


@dataclass
class _Zombie:
    """A stalled process: since which call, and for how many."""

    function: str
    since: int
    delay: int
    resume: threading.Event = field(default_factory=threading.Event)
    rests: threading.Event = field(default_factory=threading.Event)


@dataclass
class Lambdas:
    """The deployed functions; `written` is what they log, return or fail with."""

    variables: Mapping[str, Mapping[str, str]]
    injector: Injector
    written: StringIO
    _zombies: list[_Zombie] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.injector.before_call = self._wake_due
        known = {name for own in self.variables.values() for name in own}
        self._names = {
            name for name in known | {*os.environ} if name.startswith(_PREFIX)
        }

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Invoke a function and return its response.

        Raises:
            FunctionFailed: It raised an error, or its process ended.
            Stalled: Its caller gave up.
        """
        text = json.dumps(event)
        process = Process(function)
        if not any(f.mode is Mode.ZOMBIE for f in self.injector.faults.values()):
            return self._run(process, text)
        return self._run_in_thread(process, text)

    def wake_all(self) -> None:
        """Let every stalled process go on to its end."""
        while self._zombies:
            self._wake(self._zombies[0])

    def _run(self, process: Process, text: str) -> Any:  # noqa: ANN401 - any JSON
        before = self.injector.process
        self.injector.local.process = process
        self._use_environment()
        try:
            response = _handler(process.function)(
                json.loads(text), _Context(process.function)
            )
            process.check_alive()  # something in it may have caught the end
            answer = json.dumps(response)
        except Killed:
            raise FunctionFailed("Runtime.ExitError") from None
        except Exception as error:  # noqa: BLE001 - as Lambda does
            self.written.write("".join(traceback.format_exception(error)))
            cause = json.dumps(
                {"errorType": type(error).__name__, "errorMessage": str(error)}
            )
            raise FunctionFailed(type(error).__name__, cause) from None
        finally:
            self.injector.local.process = before
            self._use_environment()
        self.written.write(answer + "\n")
        return json.loads(answer)

    def _run_in_thread(self, process: Process, text: str) -> Any:  # noqa: ANN401 - any JSON
        rests = threading.Event()
        answer: list[Any] = []
        zombie: _Zombie | None = None

        def stall() -> None:
            nonlocal zombie
            process.stall = (
                None  # who woke it waits for its end, not for a second stall
            )
            number = len(self.injector.calls) - 1
            fault = self.injector.faults[number]
            zombie = _Zombie(process.function, number, fault.delay)
            self._zombies.append(zombie)
            rests.set()
            zombie.resume.wait()
            self._use_environment()

        def run() -> None:
            try:
                answer.append(self._run(process, text))
            except FunctionFailed as failed:
                answer.append(failed)
            finally:
                rests.set()
                if zombie is not None:
                    zombie.rests.set()

        process.stall = stall
        threading.Thread(target=run, name=process.function, daemon=True).start()
        rests.wait()
        self._use_environment()
        if not answer:
            raise Stalled
        if isinstance(answer[0], FunctionFailed):
            raise answer[0]
        return answer[0]

    def _wake_due(self, number: int) -> None:
        for zombie in self._zombies.copy():
            if zombie not in self._zombies:
                continue  # the one before has woken it
            if number - zombie.since >= zombie.delay:
                self._wake(zombie)

    def _wake(self, zombie: _Zombie) -> None:
        """Let a stalled process go on to its end while all others wait."""
        self._zombies.remove(zombie)
        zombie.resume.set()
        zombie.rests.wait()
        self._use_environment()

    def _use_environment(self) -> None:
        """Set the variables of the function that runs now; it has cached nothing."""
        process = self.injector.process
        variables = self.variables[process.function] if process else {}
        for name in self._names:
            if name in variables:
                os.environ[name] = variables[name]
            else:
                os.environ.pop(name, None)
        clear_caches()
        aws_time.offset.seconds, aws_time.offset.is_known = 0.0, False


@cache
def _handler(function: str) -> Callable[..., Any]:
    path = FUNCTIONS[function].handler or f"functions.{function}.handler"
    module, _, name = path.rpartition(".")
    handler: Callable[..., Any] = getattr(import_module(module), name)
    return handler


@cache
def _caches() -> tuple[Any, ...]:
    """Return everything that is cached in the functions' modules."""
    for function in FUNCTIONS:
        _handler(function)
    _unlock_cached_properties()
    return tuple(
        {
            id(value): value
            for name, module in list(sys.modules.items())
            if name.startswith("functions.") and name != _KEEP
            for value in vars(module).values()
            if hasattr(value, "cache_clear")
            and getattr(value, "__module__", "").startswith("functions.")
            and value.__module__ != _KEEP
        }.values()
    )


def _unlock_cached_properties() -> None:
    """Let a stalled process share classes with others, as it does in no Lambda.

    Up to Python 3.11 a class's `cached_property` is computed under one lock.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("functions."):
            for class_ in filter(inspect.isclass, vars(module).values()):
                for value in vars(class_).values():
                    if isinstance(value, cached_property) and hasattr(value, "lock"):
                        value.lock = nullcontext()


def clear_caches() -> None:
    """Forget what a process has cached, as in a new one."""
    for cached in _caches():
        cached.cache_clear()
