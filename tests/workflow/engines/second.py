"""Second engine: run the scenarios on npm's `aws-local-stepfunctions`.

Where it cannot run the definition as it is, it gets it in other words: `ADAPTATIONS`.
Where it ends otherwise all the same, `DIFFERENCES` says so.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tests.workflow.engines import node
from tests.workflow.runs import (
    TASKS,
    ExecutionTrace,
    Run,
    Traces,
    bound,
    comparable,
    transitions,
)

_TOPIC = "arn:aws:sns:us-east-1:000000000000:notices"
#: Real seconds of a wait that ends by its time-out; other tasks return at once.
_TIMEOUT_SECONDS = 0.05


@dataclass(frozen=True)
class Adaptation:
    """What the engine gets in other words; AWS is right, as the `source` says.

    `apply` changes what `run.mjs` gets. Without it each scenario goes another way whose
    trace it `affects`, and no other scenario.
    """

    name: str  # as in docs/local-stack.md
    source: str
    apply: Callable[[dict[str, Any]], None]
    affects: Callable[[ExecutionTrace], bool]


def run_all(
    definition: Mapping[str, Any],
    runs: Mapping[str, Run],
    adaptations: Iterable[Adaptation],
) -> Traces:
    """Return what each run does on the engine, all in one process of Node.js."""
    argument = {
        "definition": bound(definition, dict(zip(TASKS, TASKS, strict=True)), _TOPIC),
        "maps": {},
        "context": {},
        "runs": {
            name: {**asdict(run), "job": run.job.to_state()}
            for name, run in runs.items()
        },
    }
    for adaptation in adaptations:
        adaptation.apply(argument)
    traces = node.run("run.mjs", argument)
    return {
        name: ExecutionTrace(
            status=trace["status"],
            error=trace.get("error", ""),
            cause=trace.get("cause", ""),
            transitions=transitions("start", trace["states"]),
            output=comparable(trace.get("output", {})),
            requests={
                int(number): transitions("Requests", states)
                for number, states in trace["requests"].items()
            },
        )
        for name, trace in traces.items()
    }


def _levels(argument: dict[str, Any]) -> list[dict[str, Any]]:
    maps = argument["maps"].values()
    machines = [argument["definition"], *(each["ItemProcessor"] for each in maps)]
    levels = [machine["States"] for machine in machines]
    for level in levels:
        inner = [s["ItemProcessor"] for s in level.values() if "ItemProcessor" in s]
        levels += [processor["States"] for processor in inner]
    return levels


def _set_timeouts(argument: dict[str, Any]) -> None:
    for level in _levels(argument):
        for state in level.values():
            if state.pop("TimeoutSecondsPath", None):
                state["TimeoutSeconds"] = _TIMEOUT_SECONDS


def _replace_distributed_maps(argument: dict[str, Any]) -> None:
    states = argument["definition"]["States"]
    for name, state in states.items():
        processor = state.get("ItemProcessor", {})
        if processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            argument["maps"][name] = state
            states[name] = {
                **{k: state[k] for k in ("ResultPath", "Next", "Retry", "Catch")},
                "Type": "Task",
                "Resource": state["ItemReader"]["Resource"],
                "Parameters": {
                    "reader": state["ItemReader"]["Parameters"],
                    "state.$": "$",
                },
            }


def _fill_context(argument: dict[str, Any]) -> None:
    # Both stay the same while an execution runs.
    argument["context"] |= {"State": {"RetryCount": 0}, "Task": {"Token": "token"}}


def _enters(*states: str) -> Callable[[ExecutionTrace], bool]:
    def enters(trace: ExecutionTrace) -> bool:
        entered = set(trace.states)
        for number in trace.requests:
            entered |= set(trace.request_states(number))
        return bool(entered & set(states))

    return enters


_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
#: What the engine gets in other words.
ADAPTATIONS = (
    # It runs every Map as an inline one, without ItemReader and tolerated failures.
    Adaptation(
        name="Distributed Map",
        source=f"{_GUIDE}state-map-distributed.html",
        apply=_replace_distributed_maps,
        affects=_enters("Requests"),
    ),
    # It looks into what `Parameters` made; AWS into the state's input.
    Adaptation(
        name="TimeoutSecondsPath",
        source=f"{_GUIDE}state-task.html",
        apply=_set_timeouts,
        affects=_enters("Listen", "Approve"),
    ),
    # It has no values for them.
    Adaptation(
        name="$$.State and $$.Task",
        source=f"{_GUIDE}input-output-contextobject.html",
        apply=_fill_context,
        affects=_enters("Listen", "Approve", "Download"),
    ),
)
#: The fields of a scenario's trace that differ all the same, and are right elsewhere.
DIFFERENCES: dict[str, set[str]] = {
    # `$$.State.RetryCount` stays 0, so that the manifest would say one attempt.
    "download repeated": {"output"},
    "Download retried after an outage": {"output"},
    "Download retried after AwsUnavailable": {"output"},
}
