"""Maps in distributed mode, each item of which is an execution of its own."""

import concurrent.futures
import contextvars
import copy
import json

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.corrections import history, lifecycle, map_run, result_writer
from local.emulator.corrections.lifecycle import add_event
from local.emulator.corrections.map_run import MapRun
from local.emulator.corrections.ministack_types import (
    Context,
    Execution,
    State,
    StateResult,
)
from local.emulator.corrections.paths import runtime_error, select

# AWS runs up to ten thousand children at once; here each is a thread.
_CONCURRENCY_LIMIT = 1000
_DEFAULT_CONCURRENCY = 64
_CHECK_SECONDS = 0.1
_UNSUPPORTED = ("ItemBatcher",)
_LIMITS = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")
_COUNT_NAMES = {"SUCCEEDED": "succeeded", "FAILED": "failed", "ABORTED": "aborted"}


def map_limit_paths() -> None:
    """Take MaxConcurrencyPath and the paths of both tolerated failures from the input.

    AWS: each path must select a number of 0 or more, a percentage one up to 100.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    MiniStack: ignores the three fields.
    """
    run_items = sfn._run_map_items

    def run_map_items(
        state: State, data: object, execution: Execution, ctx: Context
    ) -> StateResult:
        resolved = dict(state)
        for name in _LIMITS:
            path = state.get(f"{name}Path")
            if path is not None:
                limit = select(state, path, data, ctx)
                most = 100 if "Percentage" in name else float("inf")
                if type(limit) not in (int, float) or not 0 <= limit <= most:  # type: ignore[operator] # a number
                    raise runtime_error(f"{name}Path selects no number up to {most}")
                resolved[name] = limit
        return run_items(resolved, data, execution, ctx)

    sfn._run_map_items = run_map_items


def child_executions() -> None:
    """Run each item of a distributed Map as a child execution.

    AWS: the Map Run begins before its items are read, and fails if they cannot be
    read (States.ItemReaderFailed). A child has its own name and input in the
    context object, its own history and its own end, which StopExecution can cause.
    Children that still run are aborted when the parent ends, or when more have
    failed than are tolerated. In the output, the description of a child replaces a
    tolerated failure. A ResultWriter puts what the children ended with into S3, by
    status, and a manifest with its place, which is the output.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    MiniStack: writes no events of the run, and makes one item of JSON that is no
    array. It ignores a ResultWriter. Children have the context of the parent and no
    history, continue when the parent is stopped, and are null in the output when they
    fail.
    """
    sfn._run_distributed_map = _run_map


def _run_map(
    state: State,
    data: object,
    effective: object,
    _processor: State,
    parent: Execution,
    ctx: Context,
) -> StateResult:
    for name in _UNSUPPORTED:
        if name in state:
            raise runtime_error(f"The emulator does not support {name}")
    result_writer.refuse_unsupported(state)
    run = map_run.start(state, effective, parent, ctx)
    add_event(parent, "MapRunStarted", {"mapRunArn": run.record["mapRunArn"]})
    try:
        run.read_items()
        _run_children(run)
        results = result_writer.output(run)
    except sfn._ExecutionError as failed:
        run.end("FAILED")
        details = {"error": failed.error, "cause": failed.cause}
        add_event(parent, "MapRunFailed", details)
        raise
    run.end("SUCCEEDED")
    add_event(parent, "MapRunSucceeded")

    output = sfn._apply_result_selector(state, results)
    output = sfn._apply_result_path(state, data, output)
    return sfn._apply_output_path(state, output, ctx), sfn._next_or_end(state)


def _run_children(run: MapRun) -> None:
    """Run the children until all have ended; raise if too many failed."""
    threads = min(
        run.record["maxConcurrency"] or _DEFAULT_CONCURRENCY, _CONCURRENCY_LIMIT
    )
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    try:
        pending = {
            # A context for each child: account, region and the current execution.
            pool.submit(contextvars.copy_context().run, _run_child, run, index)
            for index in range(len(run.items))
        }
        while pending and not run.exceeds_tolerance():
            done, pending = concurrent.futures.wait(pending, _CHECK_SECONDS)
            for child in done:
                child.result()  # raises the emulator's own mistakes
            if run.parent["status"] != "RUNNING":
                run.end("ABORTED")
                raise lifecycle.ExecutionEnded
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if run.exceeds_tolerance():
        raise sfn._ExecutionError(
            "States.ExceedToleratedFailureThreshold",
            "The specified tolerated failure threshold was exceeded",
        )


def _run_child(run: MapRun, index: int) -> None:
    child, ctx = _create_child(run, index)
    history.begin_chain()
    sfn._executions[child["executionArn"]] = run.children[index] = child
    run.move_child("pending", "running")
    with lifecycle.run_in_thread(child):
        add_event(child, "ExecutionStarted", {"input": child["input"]})
        history.begin_chain()
        _run_states(run.processor, child, ctx)
    run.move_child("running", _COUNT_NAMES[child["status"]])


def _create_child(run: MapRun, index: int) -> tuple[Execution, Context]:
    """Return a child execution that has not begun, and its context object."""
    machine = run.record["_stateMachineArn"]
    name = new_uuid()
    ctx = copy.deepcopy(run.ctx)
    ctx["Map"] = {"Item": {"Index": index, "Value": run.items[index]}}
    selector = run.state.get("ItemSelector") or run.state.get("Parameters")
    child_input = run.items[index]
    if selector:
        child_input = sfn._resolve_params_obj(selector, run.effective, ctx)
    child = {
        "executionArn": f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}",
        "stateMachineArn": machine,
        "name": name,
        "status": "RUNNING",
        "startDate": now_iso(),
        "stopDate": None,
        "input": json.dumps(child_input),
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "mapRunArn": run.record["mapRunArn"],
        "events": [],
    }
    del ctx["Map"]
    ctx["Execution"] |= {
        "Id": child["executionArn"],
        "Input": child_input,
        "Name": name,
        "StartTime": child["startDate"],
    }
    ctx["StateMachine"] = {"Id": machine, "Name": machine.rpartition(":")[2]}
    return child, ctx


def _run_states(processor: State, child: Execution, ctx: Context) -> None:
    try:
        output = history.run_states(
            processor["States"],
            processor["StartAt"],
            json.loads(child["input"]),
            child,
            ctx,
        )
        details = {"output": json.dumps(output)}
        status, kind = "SUCCEEDED", "ExecutionSucceeded"
    except sfn._ExecutionError as error:
        details = {"error": error.error, "cause": error.cause}
        status, kind = "FAILED", "ExecutionFailed"
    if child["status"] == "RUNNING":
        child.update(status=status, stopDate=now_iso(), **details)
        add_event(child, kind, details)
