"""The events of an execution's history, in the shape in which AWS writes them."""

import contextvars
import json
import threading

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.lifecycle import add_event
from local.emulator.corrections.ministack_types import (
    Context,
    Event,
    Execution,
    State,
    StateResult,
)
from local.emulator.corrections.paths import select

_lock = threading.RLock()
# Each iteration of a Map has a chain of its own: its thread copies the context.
_previous_id: contextvars.ContextVar[int] = contextvars.ContextVar(
    "previous_id", default=0
)


def task_events() -> None:
    """Write TaskStarted, TaskTimedOut, and in each event the id of the previous one.

    AWS: numbers events uniquely and refers to an integration by service and
    action, such as `lambda` and `invoke`.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    MiniStack: has no TaskStarted, writes TaskFailed for a time-out and whole ARNs
    for integrations, and gives events of two iterations of a Map the same id when
    they are written at the same time.
    """
    add, run = sfn._add_event, sfn._run_execution

    def run_execution(arn: str) -> None:
        # The first event is written by StartExecution, without a previous one.
        sfn._executions.get(arn)["events"][0]["previousEventId"] = 0
        run(arn)

    def add_linked(
        execution: Execution, kind: str, details: Event | None = None
    ) -> Event:
        kind, details = _as_aws(kind, details or {})
        with _lock:
            event: Event = add(execution, kind, details)
        event["previousEventId"] = _previous_id.get()
        _previous_id.set(event["id"])
        if kind == "TaskScheduled":
            scheduled = details["taskScheduledEventDetails"]
            names = {key: scheduled[key] for key in ("resource", "resourceType")}
            add_event(execution, "TaskStarted", names)
        return event

    sfn._run_execution, sfn._add_event = run_execution, add_linked


def map_events() -> None:
    """Write the events of a Map: its start, its iterations and their states, its end.

    AWS: writes them all, each with its iteration.
    Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    MiniStack: writes the tasks of the iterations only, so that their iteration
    cannot be known, and nothing of a Map that fails.
    """
    run_items, run_branch = sfn._run_map_items, sfn._run_sub_machine

    def run_map_items(
        state: State, data: object, execution: Execution, ctx: Context
    ) -> StateResult:
        items = select(state, state.get("ItemsPath", "$"), data, ctx)
        # With an ItemReader, the items have not been read yet.
        length = len(items) if isinstance(items, list) else 0
        add_event(execution, "MapStateStarted", {"length": length})
        try:
            result = run_items(state, data, execution, ctx)
        except sfn._ExecutionError:
            add_event(execution, "MapStateFailed")
            raise
        add_event(execution, "MapStateSucceeded")
        return result

    def run_sub_machine(
        states: State, start: str, data: object, execution: Execution, ctx: Context
    ) -> object:
        if "Map" not in ctx:
            branch: object = run_branch(states, start, data, execution, ctx)
            return branch
        item = {"name": ctx["State"]["Name"], "index": ctx["Map"]["Item"]["Index"]}
        add_event(execution, "MapIterationStarted", item)
        try:
            output = run_states(states, start, data, execution, ctx)
        except sfn._ExecutionError:
            add_event(execution, "MapIterationFailed", item)
            raise
        add_event(execution, "MapIterationSucceeded", item)
        return output

    sfn._run_map_items, sfn._run_sub_machine = run_map_items, run_sub_machine


def begin_chain() -> None:
    """Write the next event of this context without a previous one."""
    _previous_id.set(0)


def run_states(
    states: State, start: str, data: object, execution: Execution, ctx: Context
) -> object:
    """Run the states of a branch as MiniStack does, and write their events."""
    next_name: str | None = start
    while next_name is not None:
        name, state = next_name, states[next_name]
        kind = state["Type"]
        ctx["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        entered = {"name": name, "input": json.dumps(data)}
        sfn._add_event(
            execution, f"{kind}StateEntered", {"stateEnteredEventDetails": entered}
        )
        if kind == "Fail":
            raise sfn._ExecutionError(*sfn._fail_state_error(state, data, ctx))
        if kind == "Succeed":
            effective = sfn._apply_input_path(state, data, ctx)
            data, next_name = sfn._apply_output_path(state, effective, ctx), None
        else:
            execute = getattr(sfn, f"_execute_{kind.lower()}")
            needs_execution = kind in ("Task", "Map", "Parallel")
            arguments = (data, execution, ctx) if needs_execution else (data, ctx)
            data, next_name = execute(state, *arguments)
        exited = {"name": name, "output": json.dumps(data)}
        sfn._add_event(
            execution, f"{kind}StateExited", {"stateExitedEventDetails": exited}
        )
    return data


def _as_aws(kind: str, details: Event) -> tuple[str, Event]:
    """Return a task's event with AWS' names for its kind and its integration."""
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
    """Return service and action of an ARN such as `arn:aws:states:::sns:publish`."""
    _, optimized, name = resource.partition(":::")
    if not optimized:
        return {"resourceType": "lambda", "resource": resource}
    service, _, action = name.rpartition(":")
    return {"resourceType": service, "resource": action}
