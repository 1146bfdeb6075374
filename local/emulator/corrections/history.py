"""The execution history: the events that AWS writes, in the shape it writes them."""

import contextvars
import json
import threading
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.lifecycle import Event, Execution

State = dict[str, Any]

_lock = threading.RLock()
# Copied into the threads of a Map, so that each iteration has its own chain.
_previous: contextvars.ContextVar[int] = contextvars.ContextVar("event", default=0)


def task_events() -> None:
    """Write TaskStarted, TaskTimedOut and the event that each event follows.

    MiniStack has no TaskStarted, calls a time-out TaskFailed, writes whole ARNs
    where AWS writes `lambda` and `invoke`, and gives two iterations of a Map one
    event id when they write at the same time.
    """
    add_event, run = sfn._add_event, sfn._run_execution

    def run_execution(arn: str) -> None:
        # Written by StartExecution itself.
        sfn._executions.get(arn)["events"][0]["previousEventId"] = 0
        run(arn)

    def add(execution: Execution, kind: str, details: Event | None = None) -> Event:
        kind, details = _as_aws(kind, details or {})
        with _lock:
            event: Event = add_event(execution, kind, details)
        event["previousEventId"] = _previous.get()
        _previous.set(event["id"])
        if kind == "TaskScheduled":
            scheduled = details["taskScheduledEventDetails"]
            names = {key: scheduled[key] for key in ("resource", "resourceType")}
            # By its global name, so that what wraps this sees the event.
            sfn._add_event(execution, "TaskStarted", {"taskStartedEventDetails": names})
        return event

    sfn._run_execution, sfn._add_event = run_execution, add


def map_events() -> None:
    """Write the events of a Map: its start, its iterations, the states in them.

    MiniStack writes only the tasks in them, so that nobody can tell which
    iteration they belong to.
    """
    run_items, run_branch = sfn._run_map_items, sfn._run_sub_machine

    def run_map_items(
        state: State,
        data: object,
        execution: Execution,
        ctx: Any,  # noqa: ANN401 - passed on
    ) -> Any:  # noqa: ANN401 - passed on
        effective = sfn._apply_input_path(state, data, ctx)
        items = sfn._resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, ctx)
        # An ItemReader has not read them yet.
        count = len(items) if isinstance(items, list) else 0
        length = {"mapStateStartedEventDetails": {"length": count}}
        sfn._add_event(execution, "MapStateStarted", length)
        result = run_items(state, data, execution, ctx)
        sfn._add_event(execution, "MapStateSucceeded")
        return result

    def run_sub_machine(
        states: State,
        start: str,
        data: object,
        execution: Execution,
        ctx: Any,  # noqa: ANN401 - passed on
    ) -> object:
        if "Map" not in ctx:
            branch: object = run_branch(states, start, data, execution, ctx)
            return branch
        item = {"name": ctx["State"]["Name"], "index": ctx["Map"]["Item"]["Index"]}
        _iteration(execution, "Started", item)
        try:
            output = run_states(states, start, data, execution, ctx)
        except sfn._ExecutionError:
            _iteration(execution, "Failed", item)
            raise
        _iteration(execution, "Succeeded", item)
        return output

    sfn._run_map_items, sfn._run_sub_machine = run_map_items, run_sub_machine


def _iteration(execution: Execution, what: str, item: State) -> None:
    details = {f"mapIteration{what}EventDetails": item}
    sfn._add_event(execution, f"MapIteration{what}", details)


def begin_chain() -> None:
    """Let the next event of this context follow none."""
    _previous.set(0)


def run_states(
    states: State,
    start: str,
    data: object,
    execution: Execution,
    ctx: Any,  # noqa: ANN401 - passed on
) -> object:
    """MiniStack's own loop over the states of a branch, with their events."""
    name: str | None = start
    while name is not None:
        state, entered = states[name], name
        kind = state["Type"]
        ctx["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        _crossed(execution, kind, "Entered", {"name": name, "input": json.dumps(data)})
        if kind == "Fail":
            raise sfn._ExecutionError(*sfn._fail_state_error(state, data, ctx))
        if kind == "Succeed":
            effective = sfn._apply_input_path(state, data, ctx)
            data, name = sfn._apply_output_path(state, effective, ctx), None
        elif kind in ("Task", "Map", "Parallel"):
            execute = getattr(sfn, f"_execute_{kind.lower()}")
            data, name = execute(state, data, execution, ctx)
        else:
            execute = getattr(sfn, f"_execute_{kind.lower()}")
            data, name = execute(state, data, ctx)
        exited = {"name": entered, "output": json.dumps(data)}
        _crossed(execution, kind, "Exited", exited)
    return data


def _crossed(execution: Execution, kind: str, how: str, details: State) -> None:
    event = {f"state{how}EventDetails": details}
    sfn._add_event(execution, f"{kind}State{how}", event)


def _as_aws(kind: str, details: Event) -> tuple[str, Event]:
    """A task's event with AWS' names for its kind and for its integration."""
    if kind == "TaskFailed":
        failed = details["taskFailedEventDetails"]
        if failed["error"] in ("States.Timeout", "States.HeartbeatTimeout"):
            kind, details = "TaskTimedOut", {"taskTimedOutEventDetails": failed}
    if not kind.startswith("Task") or kind.startswith("TaskState"):
        return kind, details
    return kind, {
        name: {**body, **_integration(body.get("resource", ""))}
        for name, body in details.items()
    }


def _integration(resource: str) -> dict[str, str]:
    """`arn:aws:states:::sns:publish` is the action `publish` of `sns`."""
    _, optimized, name = resource.partition(":::")
    if not optimized:
        return {"resourceType": "lambda", "resource": resource}
    service, _, action = name.rpartition(":")
    return {"resourceType": service, "resource": action}
