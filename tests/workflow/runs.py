"""Runs: what an engine of state machines gets for each scenario, and what it returns.

A state of a batch's request runs the function of the same state of a job, with the
request's own script.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from functions.core.model import Batch, Job, Next, PreparedList

TASKS = (
    "Begin",
    "Submit",
    "Check",
    "Listen",
    "Approve",
    "Download",
    "Prepare",
    "Gather",
    "Join",
    "Manifest",
    "Conclude",
)
INBOX = "inbox"
_MAPS = ("Collect", "Requests")

#: What a function does in one call; see fake_lambda.py.
Action = dict[str, Any]
#: The actions of each task, one a call; the last one is repeated.
Script = Mapping[str, list[Action]]
#: A state that was entered, after the one before it.
Transition = tuple[str, str]


@dataclass(frozen=True)
class Run:
    """An execution: its job, the scripts by job id, and the Map's items (in S3)."""

    job: Job
    scripts: Mapping[str, Script]
    items: Sequence[Mapping[str, Any]]
    topic_exists: bool

    @classmethod
    def of(
        cls,
        number: int,
        script: Script,
        *,
        provider_ref: str,
        is_fetched: bool,
        requests: Sequence[Script],
        topic_exists: bool,
    ) -> "Run":
        """Return the run of a scenario; each request of its batch has a job id."""
        job_id = f"scenario-{number}"
        scripts = {job_id: script}
        items = []
        for request, request_script in enumerate(requests):
            name = f"{job_id}-request-{request}"
            scripts[name] = request_script
            part = {"batch_id": job_id, "number": request}
            items.append({"job_id": name, "type": "t", "part": part})
        job = Job(
            job_id=job_id,
            provider="p",
            type="t",
            provider_ref=provider_ref,
            batch=Batch(items_key=job_id),
        )
        if is_fetched:
            prepared = PreparedList(records_version_id="1")
            job = job.with_(next=Next.REPORT, prepared=prepared)
        return cls(job, scripts, items, topic_exists)


@dataclass(frozen=True)
class ExecutionTrace:
    """What an execution did, from `start` to its end.

    `requests` are the transitions of a batch's child executions, by request number.
    """

    status: str
    error: str
    cause: str
    transitions: tuple[Transition, ...]
    output: dict[str, Any]
    requests: Mapping[int, tuple[Transition, ...]]

    @property
    def states(self) -> tuple[str, ...]:
        """Return the states in the order in which they were entered."""
        return tuple(state for _, state in self.transitions)

    def request_states(self, number: int) -> tuple[str, ...]:
        """Return the states of a batch's request, by the names of a job's states."""
        transitions = self.requests[number]
        return tuple(state.removesuffix(" request") for _, state in transitions)


def differences(one: ExecutionTrace, other: ExecutionTrace) -> set[str]:
    """Return the names of the fields in which two traces differ."""
    return {
        field.name
        for field in fields(ExecutionTrace)
        if getattr(one, field.name) != getattr(other, field.name)
    }


#: What each scenario did, by its name.
Traces = dict[str, ExecutionTrace]


def transitions(after: str, states: Sequence[str]) -> tuple[Transition, ...]:
    """Return the transitions between states, the first one after `after`."""
    return tuple(pairwise([after, *states]))


def comparable(output: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return an output with only the names of errors, whose words no state reads."""
    if isinstance(output, list):
        return [comparable(value) for value in output]
    if not isinstance(output, dict):
        return output
    if "Error" in output:
        return {"Error": output["Error"]}
    if isinstance(output.get("answers"), list):
        # Of a child that broke down there is no answer where answers are written.
        texts = sorted(answer for answer in output["answers"] if answer == str(answer))
        output = {**output, "answers": texts}
    return {name: comparable(value) for name, value in output.items()}


def bound(
    definition: Mapping[str, Any], functions: Mapping[str, str], topic: str
) -> dict[str, Any]:
    """Return the definition with functions (by task), a bucket and a topic."""
    text = json.dumps(definition, ensure_ascii=False).replace("arn:…:", "arn:aws:")
    machine: dict[str, Any] = json.loads(text)
    states = machine["States"]
    inner = [states[map_]["ItemProcessor"]["States"] for map_ in _MAPS]
    for level in (states, *inner):
        for name, state in level.items():
            if "FunctionName" in state.get("Parameters", {}):
                task = name.removesuffix(" request")
                state["Parameters"]["FunctionName"] = functions[task]
    for field in ("ItemReader", "ResultWriter"):
        states["Requests"][field]["Parameters"]["Bucket"] = INBOX
    states["Notify"]["Parameters"]["TopicArn"] = topic
    return machine
