"""Names for the data of MiniStack, which declares no types."""

from typing import Any, TypeAlias

Alarm: TypeAlias = dict[str, Any]
Context: TypeAlias = dict[str, Any]  # the context object of an execution
Event: TypeAlias = dict[str, Any]  # an event of an execution's history
Execution: TypeAlias = dict[str, Any]
Props: TypeAlias = dict[str, Any]  # of a resource in a template
State: TypeAlias = dict[str, Any]  # a state, or the states of a machine by name

Response: TypeAlias = Any  # (status, headers, body)
StateResult: TypeAlias = Any  # (output, name of the next state or None)
