"""Scripts: what the functions do in a scenario, unless it overrides them."""

from tests.workflow.runs import Action

SUBMITTED: Action = {"state": {"provider_ref": "1", "next": "wait", "wait_seconds": 1}}
WAIT: Action = {"state": {"next": "wait", "wait_seconds": 900}}
COLLECT: Action = {"state": {"next": "collect", "kinds": ["bad", "all"]}}
LISTEN: Action = {"state": {"provider_ref": "1", "next": "listen", "wait_seconds": 60}}
HEARD_AT = 1234.5
WEBHOOK: Action = {"wake": HEARD_AT}
NO_WEBHOOK: Action = {}
FINISHED: Action = {
    "state": {"next": "collect", "kinds": ["result"], "phase": "finished"}
}
#: The choice by phase fails with a runtime error.
WITHOUT_PHASE: Action = {"state": {"next": "collect", "kinds": ["result"]}}

SIMPLE_JOB: dict[str, list[Action]] = {
    "Begin": [{"state": {}}],
    "Prepare": [{"state": {"next": "submit"}}],
    "Submit": [SUBMITTED],
    "Check": [COLLECT],
    "Download": [{}],
    "Manifest": [{"state": {}}],
    "Conclude": [{"state": {"outcome": "succeeded"}}],
}
WEBHOOK_JOB = SIMPLE_JOB | {"Submit": [LISTEN], "Listen": [WEBHOOK]}
#: The records of the list are there, to be joined with the results.
JOINED: Action = {
    "state": {**COLLECT["state"], "prepared": {"records_version_id": "1"}}
}
JOINED_JOB = SIMPLE_JOB | {"Check": [JOINED], "Join": [{"state": {}}]}
QUOTED: Action = {"state": {"next": "approve", "wait_seconds": 3600}}
QUOTED_JOB = SIMPLE_JOB | {"Prepare": [QUOTED], "Approve": [WEBHOOK]}
BATCH = SIMPLE_JOB | {
    "Prepare": [
        {"state": {"next": "requests", "prepared": {"records_version_id": "1"}}}
    ],
    "Gather": [{"state": {"next": "report"}}],
    "Join": [{"state": {}}],
}
REQUEST = WEBHOOK_JOB | {"Check": [FINISHED]}
#: The scripts that scenarios override, by the scenario that overrides nothing.
BASES = {
    "simple": SIMPLE_JOB,
    "webhook": WEBHOOK_JOB,
    "joined": JOINED_JOB,
    "quoted": QUOTED_JOB,
    "batch": BATCH,
}


def failing(error: str, times: int) -> list[Action]:
    """Return actions that fail."""
    return [{"error": error}] * times


def concluded(outcome: str, error: str, **state: str) -> Action:
    """Return an action that sets a bad outcome, and perhaps more of the state."""
    return {"state": {"outcome": outcome, "error": error, "advice": "do this", **state}}
