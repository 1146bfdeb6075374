"""Request scenarios: every way in which a request of a batch may go."""

from collections.abc import Mapping

from functions.core.batch_results import RequestResult
from functions.core.errors import CourierError
from functions.core.model import Outcome
from tests.workflow.runs import Action
from tests.workflow.scripts import (
    FINISHED,
    LISTEN,
    NO_WEBHOOK,
    REQUEST,
    SUBMITTED,
    WAIT,
    WITHOUT_PHASE,
    concluded,
)

_SUCCEEDED = RequestResult(Outcome.SUCCEEDED)
#: What each scenario overrides in REQUEST, and the result of the request.
REQUESTS: dict[str, tuple[Mapping[str, list[Action]], RequestResult]] = {
    "webhook": ({}, _SUCCEEDED),
    "no webhook": ({"Listen": [NO_WEBHOOK]}, _SUCCEEDED),
    "Listen fails": ({"Listen": [{"error": "AwsRefused"}]}, _SUCCEEDED),
    "polled": ({"Submit": [SUBMITTED], "Check": [WAIT, FINISHED]}, _SUCCEEDED),
    "on hold": (
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 7}}, LISTEN]},
        _SUCCEEDED,
    ),
    "partial": (
        {"Check": [{"state": {**FINISHED["state"], "phase": "partial"}}]},
        RequestResult(Outcome.PARTIAL),
    ),
    "timed out": (
        {"Check": [concluded("timed_out", "Late", next="conclude")]},
        RequestResult(Outcome.TIMED_OUT, "Late"),
    ),
    "runtime error": (
        {"Check": [WITHOUT_PHASE]},
        RequestResult(Outcome.FAILED, CourierError.__name__),
    ),
    **{
        f"{task} refused": (
            {task: [{"error": error}]},
            RequestResult(Outcome.FAILED, error),
        )
        for task, error in [
            ("Submit", "OutOfCredits"),
            ("Check", "AccountRefused"),
            ("Download", "ResultTooLarge"),
        ]
    },
    **{
        f"{task} retried": (
            {task: [{"error": "AwsUnavailable"}, *REQUEST[task]]},
            _SUCCEEDED,
        )
        for task in ("Submit", "Listen", "Check", "Download")
    },
}
