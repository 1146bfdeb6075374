"""A Map in distributed mode: each item is an execution of its own."""

import concurrent.futures
import contextvars
import copy
import json
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.corrections import history, lifecycle, map_run
from local.emulator.corrections.lifecycle import Execution
from local.emulator.corrections.map_run import MapRun
from local.emulator.corrections.paths import failure

State = dict[str, Any]

# AWS runs ten thousand children at once; these are threads of one machine.
_WIDEST = 1000
_UNLIMITED = 64
_LOOK_AGAIN = 0.1
_UNSUPPORTED = ("ItemBatcher", "ResultWriter")
_LIMITS = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")
_ENDED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "ABORTED": "aborted"}


def map_limit_paths() -> None:
    """Take the limits of a Map from the state's input, where they are paths.

    MaxConcurrencyPath and the two tolerated failures; MiniStack ignores them.
    """
    run_items = sfn._run_map_items

    def run_map_items(state: State, data: object, execution: Any, ctx: Any) -> Any:  # noqa: ANN401 - passed on
        resolved = dict(state)
        for name in _LIMITS:
            path = state.get(f"{name}Path")
            if path is not None:
                effective = sfn._apply_input_path(state, data, ctx)
                limit = sfn._resolve_path_or_ctx(path, effective, ctx)
                if type(limit) not in (int, float) or limit < 0:
                    raise failure(f"{name}Path must select a number, 0 or more")
                resolved[name] = limit
        return run_items(resolved, data, execution, ctx)

    sfn._run_map_items = run_map_items


def child_executions() -> None:
    """Run the items of a distributed Map as executions, as AWS does.

    Each child has its name and its input in the context object, a history, an
    end of its own that StopExecution brings about, too; when the parent ends, or
    more have failed than are tolerated, those that still run are aborted. Where a
    failure is tolerated, the output has the child's description in its place.
    In MiniStack children have the context of the parent and no history, go on
    when the parent is stopped, and are null in the output when they fail.
    """
    sfn._run_distributed_map = _run


def _run(
    state: State,
    data: object,
    effective: object,
    _processor: State,
    parent: Execution,
    ctx: Any,  # noqa: ANN401 - MiniStack's
) -> tuple[object, str | None]:
    for name in _UNSUPPORTED:
        if name in state:
            raise failure(f"{name} is not understood by the emulator")
    run = map_run.started(state, effective, parent, ctx)
    started = {"mapRunStartedEventDetails": {"mapRunArn": run.record["mapRunArn"]}}
    sfn._add_event(parent, "MapRunStarted", started)

    _work(run)

    if run.exceeded():
        error = "States.ExceedToleratedFailureThreshold"
        cause = "The specified tolerated failure threshold was exceeded"
        failed = {"mapRunFailedEventDetails": {"error": error, "cause": cause}}
        run.end("FAILED")
        sfn._add_event(parent, "MapRunFailed", failed)
        raise sfn._ExecutionError(error, cause)
    run.end("SUCCEEDED")
    sfn._add_event(parent, "MapRunSucceeded")

    results = [map_run.result(child) for child in run.children if child is not None]
    output = sfn._apply_result_selector(state, results)
    output = sfn._apply_result_path(state, data, output)
    return sfn._apply_output_path(state, output, ctx), sfn._next_or_end(state)


def _work(run: MapRun) -> None:
    """Let the children run until all have ended, or it is over for other reasons."""
    width = min(run.record["maxConcurrency"] or _UNLIMITED, _WIDEST)
    pool = concurrent.futures.ThreadPoolExecutor(width)
    try:
        pending = {
            # A context each: account and region, and the child that it runs.
            pool.submit(contextvars.copy_context().run, _run_child, run, index)
            for index in range(len(run.items))
        }
        while pending and not run.exceeded():
            done, pending = concurrent.futures.wait(pending, _LOOK_AGAIN)
            for child in done:
                child.result()  # raises what is a mistake of the emulator's
            if run.parent["status"] != "RUNNING":
                run.end("ABORTED")
                raise lifecycle.ExecutionEnded
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _run_child(run: MapRun, index: int) -> None:
    child, ctx = _child(run, index)
    history.begin_chain()
    sfn._executions[child["executionArn"]] = run.children[index] = child
    run.count("pending", "running")
    with lifecycle.under_way(child):
        details = {"executionStartedEventDetails": {"input": child["input"]}}
        sfn._add_event(child, "ExecutionStarted", details)
        history.begin_chain()
        _through_states(run.processor, child, ctx)
    run.count("running", _ENDED[child["status"]])


def _child(run: MapRun, index: int) -> tuple[Execution, Any]:
    """An execution that has not begun, and its context object."""
    machine = run.record["_stateMachineArn"]
    name = new_uuid()
    ctx = copy.deepcopy(run.ctx)
    ctx["Map"] = {"Item": {"Index": index, "Value": run.items[index]}}
    selector = run.state.get("ItemSelector") or run.state.get("Parameters")
    selected = run.items[index]
    if selector:
        selected = sfn._resolve_params_obj(selector, run.effective, ctx)
    child = {
        "executionArn": f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}",
        "stateMachineArn": machine,
        "name": name,
        "status": "RUNNING",
        "startDate": now_iso(),
        "stopDate": None,
        "input": json.dumps(selected),
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "mapRunArn": run.record["mapRunArn"],
        "events": [],
    }
    del ctx["Map"]
    ctx["Execution"] |= {
        "Id": child["executionArn"],
        "Input": selected,
        "Name": name,
        "StartTime": child["startDate"],
    }
    ctx["StateMachine"] = {"Id": machine, "Name": machine.rpartition(":")[2]}
    return child, ctx


def _through_states(processor: State, child: Execution, ctx: Any) -> None:  # noqa: ANN401 - MiniStack's
    try:
        output = json.dumps(
            history.run_states(
                processor["States"],
                processor["StartAt"],
                json.loads(child["input"]),
                child,
                ctx,
            )
        )
    except sfn._ExecutionError as error:
        _end(child, "FAILED", "Failed", {"error": error.error, "cause": error.cause})
    else:
        _end(child, "SUCCEEDED", "Succeeded", {"output": output})


def _end(child: Execution, status: str, kind: str, details: dict[str, str]) -> None:
    if child["status"] == "RUNNING":
        child.update(status=status, stopDate=now_iso(), **details)
        event = {f"execution{kind}EventDetails": details}
        sfn._add_event(child, f"Execution{kind}", event)
