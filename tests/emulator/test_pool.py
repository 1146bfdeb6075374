"""Pool: many calls of one function do not cost all others their warm environments."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from local.emulator import pool
from local.emulator.environment import FunctionConfig
from local.emulator.pool import EnvironmentPool
from tests.emulator.polling import wait_for


@dataclass
class FakeEnvironment:
    """An environment without a process."""

    function: FunctionConfig
    alive: bool = True

    def serves(self, function: FunctionConfig) -> bool:
        """Return whether it is of this version."""
        return self.alive and self.function == function

    def stop(self) -> None:
        """End."""
        self.alive = False


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[FakeEnvironment]:
    """Return the environments that have been started, which have no processes."""
    environments: list[FakeEnvironment] = []

    def start(function: FunctionConfig) -> FakeEnvironment:
        environments.append(FakeEnvironment(function))
        return environments[-1]

    monkeypatch.setattr(pool, "Environment", start)
    return environments


def function(name: str, *, handler: str = "handler") -> FunctionConfig:
    """Return a deployed function."""
    return FunctionConfig(
        arn=name, handler=handler, timeout=3, code=Path("code"), variables={}
    )


def call(environments: EnvironmentPool, *functions: FunctionConfig) -> None:
    """Call functions at the same time."""
    with ExitStack() as calls:
        for each in functions:
            calls.enter_context(environments.lease(each))


def are_waiting(environments: EnvironmentPool, calls: int) -> bool:
    """Return whether so many calls wait for an environment."""
    return len(environments._waiting) == calls


def test_a_crowd_of_calls_leaves_the_others_warm(
    started: list[FakeEnvironment],
) -> None:
    """Otherwise nearly every call of a crowd is a cold start."""
    environments = EnvironmentPool(limit=4, share=2)
    others = [function("begin"), function("submit")]
    call(environments, *others)

    check = function("check")
    crowd = [
        threading.Thread(target=call, args=(environments, check)) for _ in range(5)
    ]
    with environments.lease(check), environments.lease(check):
        for waiting in crowd:
            waiting.start()
    for waiting in crowd:
        waiting.join(timeout=30)
    call(environments, *others)

    assert len(started) == 4
    assert all(environment.alive for environment in started)


def test_a_call_waits_for_its_functions_share(started: list[FakeEnvironment]) -> None:
    """And gets the environment of the call before it, as it is warm."""
    environments = EnvironmentPool(limit=4, share=1)
    waiting = threading.Thread(target=call, args=(environments, function("check")))

    with environments.lease(function("check")):
        waiting.start()
        call(environments, function("submit"))  # another function does not wait
        assert waiting.is_alive()
    waiting.join(timeout=30)

    assert not waiting.is_alive()
    assert [each.function.arn for each in started] == ["check", "submit"]


def test_the_longest_idle_one_ends_for_a_new_one(
    started: list[FakeEnvironment],
) -> None:
    """The limit is the memory of one machine."""
    environments = EnvironmentPool(limit=2, share=2)
    for name in ("a", "b", "c"):
        call(environments, function(name))

    assert [environment.alive for environment in started] == [False, True, True]


def test_another_version_is_another_environment(
    started: list[FakeEnvironment],
) -> None:
    """A deployed change takes effect with the next call."""
    environments = EnvironmentPool(limit=2, share=1)
    for handler in ("old", "new"):
        call(environments, function("a", handler=handler))

    assert [each.function.handler for each in started] == ["old", "new"]


def test_calls_are_served_in_the_order_in_which_they_came(
    started: list[FakeEnvironment],
) -> None:
    """A call that is overtaken by a thousand others outlives its state's time-out."""
    environments = EnvironmentPool(limit=1, share=1)
    check = function("check")
    served: list[int] = []

    def one(number: int) -> None:
        with environments.lease(check):
            served.append(number)

    crowd = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    with environments.lease(check):
        for number, waiting in enumerate(crowd):
            waiting.start()
            wait_for(partial(are_waiting, environments, number + 1))
    for waiting in crowd:
        waiting.join(timeout=30)

    assert served == list(range(20))
    assert len(started) == 1
