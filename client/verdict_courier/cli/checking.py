"""Have a job checked now, and say what the provider has answered."""

from argparse import Namespace
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from verdict_courier.api_client import ApiClient
from verdict_courier.cli.display import Display
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.texts import printable, time_text


def check(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Ask the provider how a job is doing, before its next check."""
    answer = api.call("POST", f"/jobs/{options.job_id}/check")
    display.sentence(check_text(answer, display.zone), of=answer)
    return ExitCode.REFUSED if answer["error"] else ExitCode.DONE


def check_text(answer: Mapping[str, Any], zone: tzinfo | None) -> str:
    """Return what came of a check that was asked for, in one or two sentences."""
    if answer["woken"]:
        return "The job no longer waits for its webhook, and asks the provider now."
    if error := answer["error"]:
        advice = printable(error["advice"])
        return f"The provider did not say: {printable(error['name'])}. {advice}"
    at = answer["next_check_at"]
    goes_on = f" The job itself asks at {time_text(at, zone)}." if at else ""
    return f"The provider says: {printable(answer['phase'])}.{goes_on}"
