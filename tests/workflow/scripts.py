"""Acts: what the actors do in a scene, unless it says otherwise."""

from tests.workflow.machine import Act

SUBMITTED: Act = {"state": {"provider_ref": "1", "next": "wait", "wait_seconds": 1}}
WAIT: Act = {"state": {"next": "wait", "wait_seconds": 900}}
COLLECT: Act = {"state": {"next": "collect", "kinds": ["bad", "all"]}}
ENDED: Act = {"state": {"outcome": "succeeded"}}
LISTEN: Act = {"state": {"provider_ref": "1", "next": "listen", "wait_seconds": 60}}
HEARD_AT = 1234.5
UNHEARD: Act = {}
FINISHED: Act = {"state": {"next": "collect", "kinds": ["result"], "phase": "finished"}}
#: No state of ours: the execution breaks down at the next choice by its phase.
NONSENSE: Act = {"state": {"next": "collect", "kinds": ["result"]}}
STRAIGHT: dict[str, list[Act]] = {
    "Submit": [SUBMITTED],
    "Check": [COLLECT],
    "Download": [{}],
    "Manifest": [{"state": {}}],
    "Conclude": [ENDED],
}
WOKEN = STRAIGHT | {"Submit": [LISTEN], "Listen": [{"wake": HEARD_AT}]}
BATCH = STRAIGHT | {
    "Submit": [{"state": {"next": "prepare"}}],
    "Prepare": [{"state": {}}],
    "Gather": [{"state": {"next": "report"}}],
}
REQUEST = WOKEN | {"Check": [FINISHED]}
#: What the scenes differ from: a job, one that is woken, and a batch.
BASES = {"straight": STRAIGHT, "woken": WOKEN, "batch": BATCH}


def failing(error: str, times: int) -> list[Act]:
    """Fail so often."""
    return [{"error": error}] * times


def ends(outcome: str, error: str) -> Act:
    """Conclude badly."""
    return {"state": {"outcome": outcome, "error": error, "advice": "do this"}}
