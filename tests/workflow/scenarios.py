"""Scenarios: the executions that together take every transition of the definition."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.errors import PERMANENT
from infra.task_defaults import AWS_ERRORS, RETRIED_ERRORS
from tests.workflow.request_scenarios import REQUESTS
from tests.workflow.runs import Action, Run
from tests.workflow.scripts import (
    BASES,
    COLLECT,
    LISTEN,
    NO_WEBHOOK,
    QUOTED,
    REQUEST,
    SIMPLE_JOB,
    SUBMITTED,
    WAIT,
    WEBHOOK,
    concluded,
    failing,
)


@dataclass(frozen=True)
class Scenario:
    """One execution: what its script overrides in its base, and how it starts."""

    script: Mapping[str, list[Action]]
    base: str = "simple"
    provider_ref: str = ""
    is_fetched: bool = False  # by an earlier attempt, which could not join it
    topic_exists: bool = True
    requests: tuple[Mapping[str, list[Action]], ...] = ({},)  # in the batch


SCENARIOS: dict[str, Scenario] = {
    "simple": Scenario({}),
    "started before": Scenario({"Begin": [{"error": "JobAlreadyStarted"}]}),
    "ended before": Scenario(
        {
            "Begin": [{"error": "JobEnded"}],
            "Conclude": [concluded("cancelled", "")],
        }
    ),
    "not begun": Scenario({"Begin": [{"error": "AwsRefused"}]}),
    "polled": Scenario({"Check": [WAIT, WAIT, COLLECT]}),
    "already submitted": Scenario({}, provider_ref="7"),
    "joined again": Scenario({}, base="joined", provider_ref="7", is_fetched=True),
    "on hold": Scenario(
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 3600}}, SUBMITTED]}
    ),
    "source refused": Scenario(
        {
            "Prepare": [{"state": {"next": "conclude", "outcome": "failed"}}],
            "Conclude": [concluded("failed", "SourceEmpty")],
        }
    ),
    "timed out": Scenario(
        {
            "Check": [{"state": {"next": "conclude", "outcome": "timed_out"}}],
            "Conclude": [concluded("timed_out", "DeadlinePassed")],
        }
    ),
    "partial": Scenario({"Conclude": [{"state": {"outcome": "partial"}}]}),
    "first download fails": Scenario({"Download": [{"error": "LinkRefused"}, {}]}),
    "last download fails": Scenario({"Download": [{}, {"error": "LinkRefused"}]}),
    "download repeated": Scenario({"Download": [*failing("LinkSpent", 2), {}]}),
    "download never a result": Scenario(
        {"Download": [*failing("ResultNotATable", 7), {}]}
    ),
    "Download retried after an outage": Scenario(
        {"Download": [*failing("ProviderUnavailable", 9), {}]}
    ),
    "results incomplete": Scenario(
        {
            "Manifest": [{"error": "ResultsIncomplete"}],
            "Conclude": [concluded("failed", "ResultsIncomplete")],
        }
    ),
    "joined": Scenario({}, base="joined"),
    "not joined": Scenario({"Join": [{"error": "RowsUnjoinable"}]}, base="joined"),
    "outcome not recorded": Scenario({"Conclude": [{"error": "AwsRefused"}]}),
    "topic missing": Scenario({}, topic_exists=False),
    "webhook": Scenario({}, base="webhook"),
    "no webhook": Scenario({"Listen": [NO_WEBHOOK]}, base="webhook"),
    "webhook in the second wait": Scenario(
        {"Listen": [NO_WEBHOOK, WEBHOOK], "Check": [LISTEN, COLLECT]}, base="webhook"
    ),
    "Listen fails": Scenario({"Listen": [{"error": "AwsRefused"}]}, base="webhook"),
    "quoted": Scenario({}, base="quoted"),
    "approved after a look": Scenario(
        {"Approve": [NO_WEBHOOK, WEBHOOK], "Submit": [QUOTED, SUBMITTED]},
        base="quoted",
    ),
    "approved batch": Scenario(
        {
            "Prepare": [QUOTED],
            "Approve": [WEBHOOK],
            "Submit": [{"state": {"next": "requests"}}],
        },
        base="batch",
    ),
    "not approved": Scenario(
        {
            "Approve": [NO_WEBHOOK],
            "Submit": [{"state": {"next": "conclude", "outcome": "failed"}}],
            "Conclude": [concluded("failed", "ApprovalMissing")],
        },
        base="quoted",
    ),
    "Approve fails": Scenario(
        {"Approve": [{"error": "AwsRefused"}], "Prepare": [QUOTED]},
        base="quoted",
    ),
    "batch": Scenario({}, base="batch"),
    "batch of all scenarios": Scenario(
        {}, base="batch", requests=tuple(script for script, _ in REQUESTS.values())
    ),
    "batch without results": Scenario(
        {
            "Gather": [{"state": {"next": "conclude"}}],
            "Conclude": [concluded("failed", "OutOfCredits")],
        },
        base="batch",
        requests=({"Submit": [{"error": "OutOfCredits"}]},) * 2,
    ),
    "batch without items": Scenario(
        {"Conclude": [concluded("failed", "States.ItemReaderFailed")]},
        base="batch",
        requests=(),
    ),
    "retries used up": Scenario(
        {
            "Check": failing("AwsUnavailable", 99),
            "Conclude": [concluded("failed", "AwsUnavailable")],
        }
    ),
    **{
        f"{task} retried after {error}": Scenario(
            {task: [{"error": error}, *BASES[base][task]]}, base=base
        )
        for task, error, base in [
            *(("Check", error, "simple") for error in RETRIED_ERRORS),
            *(("Listen", error, "webhook") for error in AWS_ERRORS),
            ("Approve", "AwsUnavailable", "quoted"),
            ("Gather", "AwsUnavailable", "batch"),
            ("Join", "AwsUnavailable", "joined"),
            *((task, "AwsUnavailable", "simple") for task in SIMPLE_JOB),
        ]
    },
    **{
        f"{task} refused by {error.__name__}": Scenario(
            {
                task: [{"error": error.__name__}],
                "Conclude": [concluded("failed", error.__name__)],
            },
            base=base,
        )
        for task, error, base in [
            *(("Submit", error, "simple") for error in PERMANENT),
            ("Check", PERMANENT[0], "simple"),
            ("Prepare", PERMANENT[0], "simple"),
            ("Gather", PERMANENT[0], "batch"),
        ]
    },
}

#: What an engine gets for each scenario.
RUNS = {
    name: Run.of(
        number,
        {**BASES[scenario.base], **scenario.script},
        provider_ref=scenario.provider_ref,
        is_fetched=scenario.is_fetched,
        requests=[{**REQUEST, **script} for script in scenario.requests],
        topic_exists=scenario.topic_exists,
    )
    for number, (name, scenario) in enumerate(SCENARIOS.items())
}
