"""Scenes: the walks that together take every way of the definition."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.errors import PERMANENT
from infra.task_defaults import AWS_TROUBLE, RETRIED
from tests.workflow.machine import Act
from tests.workflow.request_paths import REQUESTS
from tests.workflow.scripts import (
    BASES,
    COLLECT,
    HEARD_AT,
    LISTEN,
    STRAIGHT,
    SUBMITTED,
    UNHEARD,
    WAIT,
    ends,
    failing,
)


@dataclass(frozen=True)
class Scene:
    """One walk: what differs from the straight way, and where it leads."""

    script: Mapping[str, list[Act]]
    like: str = "straight"
    provider_ref: str = ""
    topic_is_there: bool = True
    requests: tuple[Mapping[str, list[Act]], ...] = ({},)  # in the batch


SCENES: dict[str, Scene] = {
    "straight": Scene({}),
    "polled": Scene({"Check": [WAIT, WAIT, COLLECT]}),
    "known": Scene({}, provider_ref="7"),
    "held": Scene(
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 3600}}, SUBMITTED]}
    ),
    "timed out": Scene(
        {
            "Check": [{"state": {"next": "conclude", "outcome": "timed_out"}}],
            "Conclude": [ends("timed_out", "DeadlinePassed")],
        }
    ),
    "partial": Scene({"Conclude": [{"state": {"outcome": "partial"}}]}),
    "a result missed": Scene({"Download": [{"error": "LinkRefused"}, {}]}),
    "the last result missed": Scene({"Download": [{}, {"error": "LinkRefused"}]}),
    "a result retried": Scene({"Download": [*failing("LinkSpent", 2), {}]}),
    "Download retried after an outage": Scene(
        {"Download": [*failing("ProviderUnavailable", 9), {}]}
    ),
    "results incomplete": Scene(
        {
            "Manifest": [{"error": "ResultsIncomplete"}],
            "Conclude": [ends("failed", "ResultsIncomplete")],
        }
    ),
    "outcome not recorded": Scene({"Conclude": [{"error": "AwsRefused"}]}),
    "nobody told": Scene({}, topic_is_there=False),
    "woken": Scene({}, like="woken"),
    "unheard": Scene({"Listen": [UNHEARD]}, like="woken"),
    "woken at last": Scene(
        {"Listen": [UNHEARD, {"wake": HEARD_AT}], "Check": [LISTEN, COLLECT]},
        like="woken",
    ),
    "deaf": Scene({"Listen": [{"error": "AwsRefused"}]}, like="woken"),
    "batch": Scene({}, like="batch"),
    "batch of all kinds": Scene(
        {}, like="batch", requests=tuple(script for script, _ in REQUESTS.values())
    ),
    "batch without a result": Scene(
        {
            "Gather": [{"state": {"next": "conclude"}}],
            "Conclude": [ends("failed", "OutOfCredits")],
        },
        like="batch",
        requests=({"Submit": [{"error": "OutOfCredits"}]},) * 2,
    ),
    "batch without its list": Scene(
        {"Conclude": [ends("failed", "States.ItemReaderFailed")]},
        like="batch",
        requests=(),
    ),
    "retried to no end": Scene(
        {
            "Check": failing("AwsUnavailable", 99),
            "Conclude": [ends("failed", "AwsUnavailable")],
        }
    ),
    **{
        f"{part} retried after {error}": Scene(
            {part: [{"error": error}, *BASES[like][part]]}, like=like
        )
        for part, error, like in [
            *(("Check", error, "straight") for error in RETRIED),
            *(("Listen", error, "woken") for error in AWS_TROUBLE),
            *((part, "AwsUnavailable", "batch") for part in ("Prepare", "Gather")),
            *((part, "AwsUnavailable", "straight") for part in STRAIGHT),
        ]
    },
    **{
        f"{part} refused by {error.__name__}": Scene(
            {
                part: [{"error": error.__name__}],
                "Conclude": [ends("failed", error.__name__)],
            },
            like=like,
        )
        for part, error, like in [
            *(("Submit", error, "straight") for error in PERMANENT),
            ("Check", PERMANENT[0], "straight"),
            ("Prepare", PERMANENT[0], "batch"),
            ("Gather", PERMANENT[0], "batch"),
        ]
    },
}
