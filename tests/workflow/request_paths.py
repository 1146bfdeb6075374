"""Requests: the ways in which one request of a batch may go."""

from collections.abc import Mapping

from functions.core.batch_results import Told
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
REQUESTS: dict[str, tuple[Mapping[str, list[Act]], Told]] = {
    "woken": ({}, Told(Outcome.SUCCEEDED)),
    "unheard": ({"Listen": [UNHEARD]}, Told(Outcome.SUCCEEDED)),
    "deaf": ({"Listen": [{"error": "AwsRefused"}]}, Told(Outcome.SUCCEEDED)),
    "polled": (
        {"Submit": [SUBMITTED], "Check": [WAIT, FINISHED]},
        Told(Outcome.SUCCEEDED),
    ),
    "held": (
        {"Submit": [{"state": {"next": "hold", "wait_seconds": 7}}, LISTEN]},
        Told(Outcome.SUCCEEDED),
    ),
    "partial": (
        {"Check": [{"state": {**FINISHED["state"], "phase": "partial"}}]},
        Told(Outcome.PARTIAL),
    ),
    "timed out": (
        {
            "Check": [
                {"state": {"next": "conclude", **ends("timed_out", "Late")["state"]}}
            ]
        },
        Told(Outcome.TIMED_OUT, "Late"),
    ),
    "broken down": (
        {"Check": [NONSENSE]},
        Told(Outcome.FAILED, CourierError.__name__),
    ),
    **{
        f"{part} refused": (
            {part: [{"error": error}]},
            Told(Outcome.FAILED, error),
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
            Told(Outcome.SUCCEEDED),
        )
        for part in ("Submit", "Listen", "Check", "Download")
    },
}
