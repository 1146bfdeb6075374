"""Interpreter: take executions through the states of a definition (ASL).

A level of states is a generator, which yields what it waits for and gets the answer:
`Sleep`, `Token` or `Children`. It knows the states and fields that our definition has,
and refuses all others.
"""

import json
import operator
import random
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.world.memory_aws.errors import NotModelled
from tests.world.paths import MISSING, Json, PathFailed, find, read, template, write

_MAX_STATE_BYTES = 262_144
_COMMON = {"Type", "Comment", "Next", "End", "InputPath", "OutputPath"}
_KNOWN = {
    "Choice": {"Choices", "Default"},
    "Pass": {"Parameters", "Result", "ResultPath"},
    "Wait": {"Seconds", "SecondsPath"},
    "Succeed": set(),
    "Fail": {"Error", "Cause", "ErrorPath", "CausePath"},
    "Task": {
        "Resource",
        "Parameters",
        "ResultPath",
        "ResultSelector",
        "Retry",
        "Catch",
        "TimeoutSeconds",
        "TimeoutSecondsPath",
    },
    "Map": {
        "ItemsPath",
        "ItemReader",
        "ResultWriter",
        "ItemSelector",
        "ItemProcessor",
        "ResultPath",
        "ResultSelector",
        "MaxConcurrency",
        "MaxConcurrencyPath",
        "ToleratedFailurePercentage",
        "Retry",
        "Catch",
        "Label",
    },
}
_RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}
_NUMBER = (int, float)
_OPERATORS: Mapping[str, tuple[Any, Callable[[Any, Any], Any]]] = {
    "StringEquals": (str, operator.eq),
    "StringGreaterThan": (str, operator.gt),
    "BooleanEquals": (bool, operator.is_),
    "NumericEquals": (_NUMBER, operator.eq),
    "NumericGreaterThan": (_NUMBER, operator.gt),
    "NumericGreaterThanEquals": (_NUMBER, operator.ge),
    "NumericLessThan": (_NUMBER, operator.lt),
    "NumericLessThanEquals": (_NUMBER, operator.le),
}


class StateFailed(Exception):
    """A state ends with an error, which its Retry and Catch may handle."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


@dataclass(frozen=True)
class Sleep:
    """Wait some seconds."""

    seconds: float


@dataclass(frozen=True)
class Token:
    """Wait until a task token is used, for some seconds at most."""

    token: str
    seconds: float


Level = Generator["Sleep | Token | Children", Any, Json]


@dataclass(frozen=True)
class Children:
    """Wait for child executions; the answer has an output or a StateFailed for each."""

    levels: Sequence[Callable[[], Level]]
    max_concurrency: int


class Environment:
    """What the interpreter calls; `StateMachine` implements it for an execution."""

    random: random.Random

    def entered(self, name: str, data: Json) -> None:
        """Note that a state begins."""
        raise NotImplementedError

    def exited(self, name: str, output: str) -> None:
        """Note that a state has ended, with its output as JSON."""
        raise NotImplementedError

    def call(self, resource: str, parameters: Json) -> Json:
        """Call the resource of a Task."""
        raise NotImplementedError

    def new_token(self) -> str:
        """Return a new task token."""
        raise NotImplementedError

    def task_context(self) -> Mapping[str, Json]:
        """Return `$$` without what depends on the state."""
        raise NotImplementedError

    def read_items(self, reader: Json) -> list[Json]:
        """Return the items of a Map that reads them from S3."""
        raise NotImplementedError

    def write_results(self, writer: Json, results: Sequence[Json]) -> Json:
        """Write the results of a Map into S3; return what AWS outputs instead."""
        raise NotImplementedError

    def child(self, data: Json) -> "Environment":
        """Return the environment of a child execution."""
        raise NotImplementedError


def run_level(
    definition: Mapping[str, Any],
    data: Json,
    environment: Environment,
    *,
    item: Mapping[str, Json] | None = None,
    start_at: str = "",
) -> Level:
    """Run the states of a level from its start (or another state) to its end."""
    following: str | None = start_at or definition["StartAt"]
    while following is not None:
        name = following
        state = definition["States"][name]
        type_ = state["Type"]
        if unknown := state.keys() - _KNOWN[type_] - _COMMON:
            raise NotModelled(f"{sorted(unknown)} of the state {name}")
        environment.entered(name, data)
        context = {**environment.task_context(), **(item or {})}
        context["State"] = {"Name": name, "RetryCount": 0}
        own = _filtered(state.get("InputPath", "$"), data, context)
        try:
            if type_ == "Choice":
                data, following = own, _choose(state, own, context)
            elif type_ in ("Task", "Map"):
                data, following = yield from _attempts(state, own, environment, context)
            else:
                data = yield from _simple(state, own, context)
                following = state.get("Next")
        except PathFailed as error:
            raise StateFailed("States.Runtime", f"no value at {error}") from None
        text = json.dumps(data)
        if len(text) > _MAX_STATE_BYTES:
            raise StateFailed("States.DataLimitExceeded", "the state is too large")
        environment.exited(name, text)
    return data


def _simple(state: Mapping[str, Any], data: Json, context: Mapping[str, Json]) -> Level:
    """Run a Pass, a Wait or an end."""
    if state["Type"] == "Fail":
        raise StateFailed(
            read(state["ErrorPath"], data, context)
            if "ErrorPath" in state
            else state["Error"],
            read(state["CausePath"], data, context)
            if "CausePath" in state
            else state["Cause"],
        )
    if state["Type"] == "Wait":
        seconds = (
            read(state["SecondsPath"], data, context)
            if "SecondsPath" in state
            else state["Seconds"]
        )
        if not isinstance(seconds, int) or seconds < 0:
            raise StateFailed("States.Runtime", "SecondsPath is not whole seconds")
        yield Sleep(seconds)
    if state["Type"] == "Pass":
        result = state.get("Result", data)
        if "Parameters" in state:
            result = template(state["Parameters"], data, context)
        data = _merged(state, data, result)
    return _filtered(state.get("OutputPath", "$"), data, context)


def _attempts(
    state: Mapping[str, Any],
    data: Json,
    environment: Environment,
    context: dict[str, Json],
) -> Generator[Any, Any, tuple[Json, str | None]]:
    """Run a Task or a Map, with its retries, and return its output and what follows."""
    used = [0] * len(state.get("Retry", ()))
    while True:
        try:
            run = _task if state["Type"] == "Task" else _map
            result = yield from run(state, data, environment, context)
        except StateFailed as failed:
            delay = _retry_delay(state, failed, used, environment.random)
            if delay is None:
                return _caught(state, data, failed)
            yield Sleep(delay)
            context["State"]["RetryCount"] += 1
            continue
        if "ResultSelector" in state:
            result = template(state["ResultSelector"], result, context)
        merged = _merged(state, data, result)
        output = _filtered(state.get("OutputPath", "$"), merged, context)
        return output, state.get("Next")


def _task(
    state: Mapping[str, Any],
    data: Json,
    environment: Environment,
    context: dict[str, Json],
) -> Level:
    resource = state["Resource"]
    waits = resource.endswith(".waitForTaskToken")
    token = environment.new_token() if waits else ""
    if waits:
        context["Task"] = {"Token": token}
    parameters = template(state["Parameters"], data, context)
    result = environment.call(resource.removesuffix(".waitForTaskToken"), parameters)
    if not waits:
        return result
    seconds = (
        read(state["TimeoutSecondsPath"], data, context)
        if "TimeoutSecondsPath" in state
        else state["TimeoutSeconds"]
    )
    return (yield Token(token, seconds))


def _map(
    state: Mapping[str, Any],
    data: Json,
    environment: Environment,
    context: Mapping[str, Json],
) -> Level:
    processor = state["ItemProcessor"]
    distributed = processor["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    if distributed:
        reader = state["ItemReader"]
        parameters = template(reader["Parameters"], data, context)
        items = environment.read_items({**reader, "Parameters": parameters})
    else:
        items = read(state.get("ItemsPath", "$"), data, context)
    inputs = [
        template(
            state["ItemSelector"],
            data,
            {**context, "Map": {"Item": {"Index": index, "Value": value}}},
        )
        for index, value in enumerate(items)
    ]
    if not distributed:
        if state.get("MaxConcurrency") != 1:
            raise NotModelled("an inline Map that runs items at once")
        results = []
        for own in inputs:
            result = yield from run_level(processor, own, environment)
            results += [result]
        return results
    answers = yield Children(
        [partial(run_level, processor, own, environment.child(own)) for own in inputs],
        state.get("MaxConcurrency") or len(inputs) or 1,
    )
    failed = [answer for answer in answers if isinstance(answer, StateFailed)]
    if 100 * len(failed) > state.get("ToleratedFailurePercentage", 0) * len(answers):
        raise StateFailed("States.ExceedToleratedFailureThreshold")
    writer = state["ResultWriter"]
    parameters = template(writer["Parameters"], data, context)
    return environment.write_results(
        {**writer, "Parameters": parameters},
        [answer for answer in answers if not isinstance(answer, StateFailed)],
    )


def _retry_delay(
    state: Mapping[str, Any],
    failed: StateFailed,
    used: list[int],
    random_: random.Random,
) -> float | None:
    """Return how long to wait before a retry, and count it; None without a retry."""
    for number, retrier in enumerate(state.get("Retry", ())):
        if unknown := retrier.keys() - _RETRIER:
            raise NotModelled(f"{sorted(unknown)} of a retry")
        if _matches(retrier["ErrorEquals"], failed.error):
            if used[number] >= retrier.get("MaxAttempts", 3):
                return None
            grown = retrier.get("IntervalSeconds", 1) * (
                retrier.get("BackoffRate", 2.0) ** used[number]
            )
            used[number] += 1
            delay = min(grown, retrier.get("MaxDelaySeconds", grown))
            full = retrier.get("JitterStrategy") == "FULL"
            return float(delay * random_.random() if full else delay)
    return None


def _caught(
    state: Mapping[str, Any], data: Json, failed: StateFailed
) -> tuple[Json, str]:
    for catcher in state.get("Catch", ()):
        if _matches(catcher["ErrorEquals"], failed.error):
            result = {"Error": failed.error, "Cause": failed.cause}
            return _merged(catcher, data, result), catcher["Next"]
    raise failed


def _matches(names: Sequence[str], error: str) -> bool:
    if error in names:
        return True
    if error == "States.DataLimitExceeded":  # no wildcard catches it
        return False
    if "States.TaskFailed" in names and error != "States.Timeout":
        return not error.startswith("States.")
    return "States.ALL" in names


def _merged(state: Mapping[str, Any], data: Json, result: Json) -> Json:
    path = state.get("ResultPath", "$")
    return data if path is None else write(path, data, result)


def _filtered(path: str | None, data: Json, context: Mapping[str, Json]) -> Json:
    return {} if path is None else read(path, data, context)


def _choose(state: Mapping[str, Any], data: Json, context: Mapping[str, Json]) -> str:
    for choice in state["Choices"]:
        if _holds(choice, data, context):
            following: str = choice["Next"]
            return following
    if "Default" not in state:
        raise StateFailed("States.NoChoiceMatched")
    return str(state["Default"])


def _holds(rule: Mapping[str, Any], data: Json, context: Mapping[str, Json]) -> bool:
    if "And" in rule:
        return all(_holds(each, data, context) for each in rule["And"])
    if "Or" in rule:
        return any(_holds(each, data, context) for each in rule["Or"])
    if "Not" in rule:
        return not _holds(rule["Not"], data, context)
    (name,) = rule.keys() - {"Variable", "Next", "Comment"}
    value = find(rule["Variable"], data, context)
    if name == "IsPresent":
        return (value is not MISSING) is rule[name]
    if value is MISSING:
        raise PathFailed(rule["Variable"])
    if name not in _OPERATORS:
        raise NotModelled(f"the choice {name}")
    type_, compare = _OPERATORS[name]
    return isinstance(value, type_) and bool(compare(value, rule[name]))
