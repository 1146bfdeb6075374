"""Requests: the ways in which one request of a batch may go."""

from collections.abc import Mapping

from functions.core.batch_results import RequestResult
from functions.core.errors import CourierError
from functions.core.model import Outcome
from tests.workflow.machine import Act
from tests.workflow.scripts import (
    FINISHED,
    LISTEN,
    NONSENSE,
    REQUEST,
    SUBMITTED,
    UNHEARD,
    WAIT,
    ends,
)

#: Every way in which a request may go, and what is told of it.
REQUESTS: dict[str, tuple[Mapping[str, list[Act]], RequestResult]] = {
    "woken": ({}, RequestResult(Outcome.SUCCEEDED)),
    "unheard": ({"Listen": [UNHEARD]}, RequestResult(Outcome.SUCCEEDED)),
    "deaf": ({"Listen": [{"error": "AwsRefused"}]}, RequestResult(Outcome.SUCCEEDED)),
    "polled": (
        {"Submit": [SUBMITTED], "Check": [WAIT, FINISHED]},
        RequestResult(Outcome.SUCCEEDED),
    ),
    "held": (
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 7}}, LISTEN]},
        RequestResult(Outcome.SUCCEEDED),
    ),
    "partial": (
        {"Check": [{"state": {**FINISHED["state"], "phase": "partial"}}]},
        RequestResult(Outcome.PARTIAL),
    ),
    "timed out": (
        {
            "Check": [
                {"state": {"next": "conclude", **ends("timed_out", "Late")["state"]}}
            ]
        },
        RequestResult(Outcome.TIMED_OUT, "Late"),
    ),
    "broken down": (
        {"Check": [NONSENSE]},
        RequestResult(Outcome.FAILED, CourierError.__name__),
    ),
    **{
        f"{part} refused": (
            {part: [{"error": error}]},
            RequestResult(Outcome.FAILED, error),
        )
        for part, error in [
            ("Submit", "OutOfCredits"),
            ("Check", "AccountRefused"),
            ("Download", "ResultTooLarge"),
        ]
    },
    **{
        f"{part} retried": (
            {part: [{"error": "AwsUnavailable"}, *REQUEST[part]]},
            RequestResult(Outcome.SUCCEEDED),
        )
        for part in ("Submit", "Listen", "Check", "Download")
    },
}
