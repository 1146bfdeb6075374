"""The Map Run of a distributed Map, with its record, its items and its children."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.lifecycle import add_event
from local.emulator.corrections.ministack_types import Context, Execution, State
from local.emulator.corrections.paths import runtime_error

_COUNTS = (
    "pending",
    "running",
    "succeeded",
    "failed",
    "timedOut",
    "aborted",
    "total",
    "resultsWritten",
    "failuresNotRedrivable",
    "pendingRedrive",
)


@dataclass
class MapRun:
    """One run over the items of a Map, with the children that have begun so far."""

    state: State
    effective: object  # the state's effective input
    ctx: Context
    parent: Execution
    items: list[Any]
    record: dict[str, Any]
    children: list[Execution | None]
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def processor(self) -> State:
        """The states that process each item."""
        processor: State = self.state.get("ItemProcessor") or self.state["Iterator"]
        return processor

    def exceeds_tolerance(self) -> bool:
        """Return whether more children have failed than the state tolerates."""
        counts = self.record["executionCounts"]
        failed = counts["failed"] + counts["aborted"] + counts["timedOut"]
        count = self.state.get("ToleratedFailureCount")
        percentage = self.state.get("ToleratedFailurePercentage")
        if count is None and percentage is None:
            return bool(failed)
        return (count is not None and failed > count) or (
            percentage is not None and failed * 100 > percentage * len(self.items)
        )

    def read_items(self) -> None:
        """Read the items, of which none has a child yet."""
        self.items = _read_items(self.state, self.effective, self.ctx)
        self.children = [None] * len(self.items)
        for counts in (self.record["itemCounts"], self.record["executionCounts"]):
            counts |= {"total": len(self.items), "pending": len(self.items)}

    def move_child(self, before: str, after: str) -> None:
        """Count a child under another status."""
        with self.lock:
            for counts in (self.record["itemCounts"], self.record["executionCounts"]):
                counts[before] -= 1
                counts[after] += 1

    def end(self, status: str) -> None:
        """Record the end of the run, and abort the children that still run."""
        self.record.update(status=status, stopDate=now_iso())
        for child in self.children:
            if child is not None and child["status"] == "RUNNING":
                child.update(status="ABORTED", stopDate=now_iso())
                add_event(child, "ExecutionAborted")


def start(state: State, effective: object, parent: Execution, ctx: Context) -> MapRun:
    """Record a run that has no items yet."""
    machine = parent["stateMachineArn"]
    label = state.get("Label") or new_uuid()
    arn = f"{machine.replace(':stateMachine:', ':mapRun:', 1)}/{label}:{new_uuid()}"
    record = sfn._map_runs[arn] = {
        "mapRunArn": arn,
        "executionArn": parent["executionArn"],
        "status": "RUNNING",
        "startDate": now_iso(),
        "maxConcurrency": int(state.get("MaxConcurrency", 0)),
        "toleratedFailurePercentage": state.get("ToleratedFailurePercentage", 0),
        "toleratedFailureCount": state.get("ToleratedFailureCount", 0),
        "itemCounts": dict.fromkeys(_COUNTS, 0),
        "executionCounts": dict.fromkeys(_COUNTS, 0),
        "redriveCount": 0,
        "_stateMachineArn": f"{machine}/{label}",
    }
    return MapRun(state, effective, ctx, parent, [], record, [])


def _read_items(state: State, effective: object, ctx: Context) -> list[Any]:
    if "ItemReader" not in state:
        path = state.get("ItemsPath", "$")
        items = sfn._resolve_path_or_ctx(path, effective, ctx)
        if not isinstance(items, list):
            raise runtime_error("A distributed Map needs an array of items")
        return items
    try:
        items = sfn._read_map_items(state["ItemReader"], effective, ctx)
    except (LookupError, TypeError, ValueError) as error:
        raise _unreadable(f"Attempting to parse failed: {error}") from error
    if not isinstance(items, list):
        raise _unreadable("Attempting to map over non-iterable node.")
    return items


def _unreadable(cause: str) -> Exception:
    error: Exception = sfn._ExecutionError("States.ItemReaderFailed", cause)
    return error


def result(child: Execution) -> object:
    """Return a child's part of the output: its own output, or its description.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    if child["status"] == "SUCCEEDED":
        return json.loads(child["output"])
    description = {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "StartDate": child["startDate"],
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": child["stopDate"],
        "Error": child.get("error"),
        "Cause": child.get("cause"),
    }
    return {name: value for name, value in description.items() if value is not None}
