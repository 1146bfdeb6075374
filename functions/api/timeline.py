"""Timeline: the events of an execution, read as the states that it passed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

#: An event as Step Functions writes it, whose `timestamp` is a datetime.
Event = Mapping[str, Any]

#: The state in which the provider is asked.
CHECK = "Check"
#: What AWS calls a failure of which it names nothing more.
_UNNAMED = "States.TaskFailed"
_NAME = re.compile(r"[A-Za-z0-9_.]{1,64}")
_WITH_TOKEN = ".waitForTaskToken"  # noqa: S105 - the end of a resource's name
_FAILURES = {"TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"}
_ENDS = {
    "ExecutionAborted",
    "ExecutionFailed",
    "ExecutionSucceeded",
    "ExecutionTimedOut",
}


@dataclass(frozen=True, kw_only=True)
class StateVisit:
    """One stay in a state; times are Unix seconds, and 0 is "not yet".

    `error` is what its last try met, empty once one went well. `tries` counts the
    calls of its task. `woken` is known of a wait that has ended: whether somebody
    ended it, or its time was over.
    """

    state: str
    entered_at: float
    left_at: float = 0.0
    error: str = ""
    tries: int = 0
    woken: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """What an execution did so far; `ended_at` is 0 while it goes on.

    `truncated` where it began with more than was read.
    """

    entries: tuple[StateVisit, ...] = ()
    ended_at: float = 0.0
    truncated: bool = False

    @property
    def checks(self) -> tuple[float, ...]:
        """When the provider was asked."""
        return tuple(e.entered_at for e in self.entries if e.state == CHECK)


def read_timeline(events: Sequence[Event], *, truncated: bool = False) -> Timeline:
    """Read events, the oldest first; what came before them need not be there.

    Nothing of a state's input or output is looked at.
    """
    walk = _HistoryReader()
    for event in events:
        walk.follow(event)
    last = events[-1] if events else None
    return Timeline(
        entries=tuple(walk.entries),
        ended_at=_time(last) if last and last["type"] in _ENDS else 0.0,
        truncated=truncated,
    )


@dataclass
class _HistoryReader:
    """The states so far, and which of them each event is in.

    Events name the one that they follow. A Map's iterations are such chains side
    by side, so the order of the events alone does not tell what belongs together.
    """

    entries: list[StateVisit] = field(default_factory=list)
    within: dict[int, tuple[int, ...]] = field(default_factory=dict)
    on_call: set[int] = field(default_factory=set)  # waits that hold a token

    def follow(self, event: Event) -> None:
        """Take the next event."""
        kind: str = event["type"]
        inside = self.within.get(event.get("previousEventId", 0), ())
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            inside = (*inside, len(self.entries))
            self.entries.append(StateVisit(state=name, entered_at=_time(event)))
        elif kind.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            inside = self._leave(inside, name, _time(event))
        elif kind in _ENDS:
            self._end(event, inside)
        elif inside:
            self._tell(inside[-1], kind, event)
        self.within[event["id"]] = inside

    def _leave(self, inside: tuple[int, ...], name: str, now: float) -> tuple[int, ...]:
        """Leave a state, and those within it that a failure left open."""
        names = [self.entries[number].state for number in inside]
        if name not in names:
            return inside  # it was entered before the first of these events
        at = names.index(name)
        for number in inside[at:]:
            self._change(number, left_at=now)
        return inside[:at]

    def _end(self, event: Event, inside: tuple[int, ...]) -> None:
        # Not where somebody stopped it, who may have written there what they like.
        if inside and event["type"] == "ExecutionFailed":
            self._change(inside[-1], error=_error(event))
        for number, entry in enumerate(self.entries):
            if not entry.left_at:
                self._change(number, left_at=_time(event))

    def _tell(self, number: int, kind: str, event: Event) -> None:
        if kind == "TaskScheduled":
            if _details(event).get("resource", "").endswith(_WITH_TOKEN):
                self.on_call.add(number)
            self._change(number, tries=self.entries[number].tries + 1)
        elif kind == "TaskSucceeded":
            woken = True if number in self.on_call else None
            self._change(number, error="", woken=woken)
        elif kind == "TaskTimedOut" and number in self.on_call:
            self._change(number, error="", woken=False)
        elif kind in _FAILURES:
            self._change(number, error=_error(event))

    def _change(self, number: int, **changes: Any) -> None:  # noqa: ANN401 - replace checks the names
        self.entries[number] = replace(self.entries[number], **changes)


def _error(event: Event) -> str:
    name = str(_details(event).get("error", ""))
    return name if _NAME.fullmatch(name) else _UNNAMED


def _details(event: Event) -> Mapping[str, Any]:
    kind = event["type"]
    found: Mapping[str, Any] = event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})
    return found


def _time(event: Event) -> float:
    moment: float = event["timestamp"].timestamp()
    return moment
