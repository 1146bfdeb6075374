"""Run the command of `courier` that lets the local stack's providers fail."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC
from http import HTTPStatus

from verdict_courier.api_client import ApiClient, ApiUnreachable
from verdict_courier.cli.display import Display
from verdict_courier.cli.endpoints import LOCAL, command_on, local_address
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import time_text
from verdict_courier.stack_checks import Finding

OFF = "off"
#: What can be drilled; the run-book describes each.
DRILLS = (
    "key-refused",
    "provider-down",
    "throttled",
    "slow",
    "out-of-credits",
    "link-expired",
    "webhook-lost",
    OFF,
)

#: Under which names the texts of the local stack are shown.
_NAMES = {"sees": "see", "does": "do"}


def drill(display: Display, options: Namespace) -> ExitCode:
    """Let the providers of the local stack fail, and say what to see and do then."""
    if options.stage != LOCAL or options.url:
        raise Misused(
            "a drill switches the simulated providers of the local stack, which "
            "`make up` starts; a deployed stack has real ones"
        )
    switch = ApiClient(local_address("drills_url"), region="", credentials=None)
    with switch.send("POST", f"/{options.drill}") as response:
        if response.status_code != HTTPStatus.OK:
            raise ApiUnreachable(
                f"the local stack knows no drill {options.drill}: start it anew with "
                "`make down` and `make up`"
            )
        texts: dict[str, str] = response.json()
    if options.drill == OFF:
        display.values({"drill": "off, the providers answer as usual"})
        return ExitCode.DONE
    end = command_on(options, "drill", OFF)
    words = {_NAMES.get(name, name): text for name, text in texts.items()}
    display.values({"drill": options.drill, **words, "end it with": end})
    return ExitCode.DONE


def drill_finding(options: Namespace) -> Iterator[Finding]:
    """Yield whether a drill lets the local stack's providers fail, and which."""
    try:
        switch = ApiClient(local_address("drills_url"), region="", credentials=None)
        with switch.send("GET", "/") as response:
            if response.status_code != HTTPStatus.OK:
                return  # it was started by an earlier release, which does not say
            drilled: dict[str, str] = response.json()
    except ApiUnreachable:
        return  # the stack says what is wrong with it in other findings
    if not drilled:
        yield Finding(what="drill", ok=True, seen="none is on")
        return
    since = time_text(drilled["since"], UTC if options.utc else None)
    yield Finding(
        what="drill",
        ok=False,
        seen=f"{drilled['drill']} is on since {since}",
        advice=f"End it with: {command_on(options, 'drill', OFF)}",
    )
