"""Timeline: read the events of an execution as the states that it passed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

#: An event of a history as boto3 returns it; its `timestamp` is a datetime.
Event = Mapping[str, Any]

#: The state that checks the provider.
_CHECK = "Check"
#: The error of a failure without a name of its own.
_UNNAMED_ERROR = "States.TaskFailed"
_ERROR_NAME = re.compile(r"[A-Za-z0-9_.]{1,64}")
_TOKEN_SUFFIX = ".waitForTaskToken"  # noqa: S105 - the end of a resource's name
_TASK_FAILURES = {"TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"}
_EXECUTION_ENDS = {
    "ExecutionAborted",
    "ExecutionFailed",
    "ExecutionSucceeded",
    "ExecutionTimedOut",
}


@dataclass(frozen=True, kw_only=True)
class StateVisit:
    """One visit of a state; times are Unix seconds, and 0 means "not yet".

    `error` names the error of the last try, empty if it succeeded. `tries` is the
    number of calls of the state's task. `woken` is whether a wait for a webhook was
    ended, by one or by a person, and not by its time-out; None for other states, and
    while the wait lasts.
    """

    state: str
    entered_at: float
    left_at: float = 0.0
    error: str = ""
    tries: int = 0
    woken: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The states that an execution passed; `ended_at` is 0 while it runs.

    `truncated` means that earlier states are left out.
    """

    entries: tuple[StateVisit, ...] = ()
    ended_at: float = 0.0
    truncated: bool = False

    @property
    def checks(self) -> tuple[float, ...]:
        """When the provider was checked."""
        return tuple(e.entered_at for e in self.entries if e.state == _CHECK)


def read_timeline(events: Sequence[Event], *, truncated: bool = False) -> Timeline:
    """Read the events of a history, oldest first; earlier events may be missing.

    Inputs and outputs of states are ignored.
    """
    reader = _HistoryReader()
    for event in events:
        reader.read(event)
    last = events[-1] if events else None
    return Timeline(
        entries=tuple(reader.visits),
        ended_at=_time(last) if last and last["type"] in _EXECUTION_ENDS else 0.0,
        truncated=truncated,
    )


@dataclass
class _HistoryReader:
    """Collects visits of states from events.

    An event names its previous event. The iterations of a Map are such chains, whose
    events are mixed, so the order of the events alone does not say to which state each
    belongs.
    """

    visits: list[StateVisit] = field(default_factory=list)
    #: By event id: the indexes of the visits that contain the event, outermost first.
    open_visits: dict[int, tuple[int, ...]] = field(default_factory=dict)
    #: The indexes of visits that wait with a task token.
    token_waits: set[int] = field(default_factory=set)

    def read(self, event: Event) -> None:
        """Read the next event."""
        type_: str = event["type"]
        path = self.open_visits.get(event.get("previousEventId", 0), ())
        if type_.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            path = (*path, len(self.visits))
            self.visits.append(StateVisit(state=name, entered_at=_time(event)))
        elif type_.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            path = self._exit(path, name, at=_time(event))
        elif type_ in _EXECUTION_ENDS:
            self._end(event, path)
        elif path:
            self._read_task_event(path[-1], event)
        self.open_visits[event["id"]] = path

    def _exit(self, path: tuple[int, ...], name: str, *, at: float) -> tuple[int, ...]:
        """Close the visit of a state, and visits in it that a failure left open."""
        names = [self.visits[index].state for index in path]
        if name not in names:
            return path  # the state was entered before the first event
        depth = names.index(name)
        for index in path[depth:]:
            self._update(index, left_at=at)
        return path[:depth]

    def _end(self, event: Event, path: tuple[int, ...]) -> None:
        # The error of an aborted execution is free text of whoever stopped it.
        if path and event["type"] == "ExecutionFailed":
            self._update(path[-1], error=_error(event))
        for index, visit in enumerate(self.visits):
            if not visit.left_at:
                self._update(index, left_at=_time(event))

    def _read_task_event(self, index: int, event: Event) -> None:
        type_ = event["type"]
        if type_ == "TaskScheduled":
            if _details(event).get("resource", "").endswith(_TOKEN_SUFFIX):
                self.token_waits.add(index)
            self._update(index, tries=self.visits[index].tries + 1)
        elif type_ == "TaskSucceeded":
            woken = True if index in self.token_waits else None
            self._update(index, error="", woken=woken)
        elif type_ == "TaskTimedOut" and index in self.token_waits:
            self._update(index, error="", woken=False)
        elif type_ in _TASK_FAILURES:
            self._update(index, error=_error(event))

    def _update(self, index: int, **changes: Any) -> None:  # noqa: ANN401 - replace checks the names
        self.visits[index] = replace(self.visits[index], **changes)


def _error(event: Event) -> str:
    name = str(_details(event).get("error", ""))
    return name if _ERROR_NAME.fullmatch(name) else _UNNAMED_ERROR


def _details(event: Event) -> Mapping[str, Any]:
    type_ = event["type"]
    details: Mapping[str, Any] = event.get(
        f"{type_[0].lower()}{type_[1:]}EventDetails", {}
    )
    return details


def _time(event: Event) -> float:
    timestamp: float = event["timestamp"].timestamp()
    return timestamp
