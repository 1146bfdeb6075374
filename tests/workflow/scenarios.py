"""Scenes: the walks that together take every way of the definition."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.errors import PERMANENT
from infra.task_defaults import AWS_ERRORS, RETRIED_ERRORS
from tests.workflow.machine import Act
from tests.workflow.request_scenarios import REQUESTS
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
class Scenario:
    """One walk: what differs from the straight way, and where it leads."""

    script: Mapping[str, list[Act]]
    like: str = "straight"
    provider_ref: str = ""
    topic_is_there: bool = True
    requests: tuple[Mapping[str, list[Act]], ...] = ({},)  # in the batch


SCENARIOS: dict[str, Scenario] = {
    "straight": Scenario({}),
    "polled": Scenario({"Check": [WAIT, WAIT, COLLECT]}),
    "known": Scenario({}, provider_ref="7"),
    "held": Scenario(
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 3600}}, SUBMITTED]}
    ),
    "timed out": Scenario(
        {
            "Check": [{"state": {"next": "conclude", "outcome": "timed_out"}}],
            "Conclude": [ends("timed_out", "DeadlinePassed")],
        }
    ),
    "partial": Scenario({"Conclude": [{"state": {"outcome": "partial"}}]}),
    "a result missed": Scenario({"Download": [{"error": "LinkRefused"}, {}]}),
    "the last result missed": Scenario({"Download": [{}, {"error": "LinkRefused"}]}),
    "a result retried": Scenario({"Download": [*failing("LinkSpent", 2), {}]}),
    "Download retried after an outage": Scenario(
        {"Download": [*failing("ProviderUnavailable", 9), {}]}
    ),
    "results incomplete": Scenario(
        {
            "Manifest": [{"error": "ResultsIncomplete"}],
            "Conclude": [ends("failed", "ResultsIncomplete")],
        }
    ),
    "outcome not recorded": Scenario({"Conclude": [{"error": "AwsRefused"}]}),
    "nobody told": Scenario({}, topic_is_there=False),
    "woken": Scenario({}, like="woken"),
    "unheard": Scenario({"Listen": [UNHEARD]}, like="woken"),
    "woken at last": Scenario(
        {"Listen": [UNHEARD, {"wake": HEARD_AT}], "Check": [LISTEN, COLLECT]},
        like="woken",
    ),
    "deaf": Scenario({"Listen": [{"error": "AwsRefused"}]}, like="woken"),
    "batch": Scenario({}, like="batch"),
    "batch of all kinds": Scenario(
        {}, like="batch", requests=tuple(script for script, _ in REQUESTS.values())
    ),
    "batch without a result": Scenario(
        {
            "Gather": [{"state": {"next": "conclude"}}],
            "Conclude": [ends("failed", "OutOfCredits")],
        },
        like="batch",
        requests=({"Submit": [{"error": "OutOfCredits"}]},) * 2,
    ),
    "batch without its list": Scenario(
        {"Conclude": [ends("failed", "States.ItemReaderFailed")]},
        like="batch",
        requests=(),
    ),
    "retried to no end": Scenario(
        {
            "Check": failing("AwsUnavailable", 99),
            "Conclude": [ends("failed", "AwsUnavailable")],
        }
    ),
    **{
        f"{part} retried after {error}": Scenario(
            {part: [{"error": error}, *BASES[like][part]]}, like=like
        )
        for part, error, like in [
            *(("Check", error, "straight") for error in RETRIED_ERRORS),
            *(("Listen", error, "woken") for error in AWS_ERRORS),
            *((part, "AwsUnavailable", "batch") for part in ("Prepare", "Gather")),
            *((part, "AwsUnavailable", "straight") for part in STRAIGHT),
        ]
    },
    **{
        f"{part} refused by {error.__name__}": Scenario(
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
