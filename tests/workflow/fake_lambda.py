"""Fake Lambda: one function of the workflow, whose calls follow a script.

It is the whole code of a function in the emulator, so it imports nothing of the
project. A script is a list of actions, one a call; the last one is repeated.
"""

import json
import os
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Raise the action's `error`, or return the state updated with its `state`.

    Where the event has a task token, the action's `wake` resumes the wait with that
    output, as Listen does for a webhook that arrived before.
    """
    job = event.get("job", event)
    script = Path(os.environ["SCRIPTS"]) / job["job_id"] / os.environ["TASK"]
    actions = json.loads(script.read_text())
    if len(actions) > 1:
        script.write_text(json.dumps(actions[1:]))
    action = actions[0]

    if "wake" in action:
        import boto3  # noqa: PLC0415 - it takes a second, which other calls save

        boto3.client("stepfunctions").send_task_success(
            taskToken=event["token"], output=json.dumps(action["wake"])
        )
    return respond(action, event)


def respond(action: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """Return or raise what an action says."""
    if "error" in action:
        # Lambda reports an exception by its class's name, dots and all.
        raise type(action["error"], (Exception,), {})("as the script says")
    if "token" in event:
        return {}
    if "kind" in event:
        return {"kind": event["kind"], "attempts": event["attempt"] + 1}
    return {**event.get("job", event), **action["state"]}
