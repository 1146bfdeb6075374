"""Actor: a Lambda that plays its part from a script, once for each call.

It is the whole code of a function in the emulator, so it imports nothing of ours.
A script is a list of acts; the last one is played again and again. To wake a wait
it calls Step Functions itself, as Listen does when a webhook had come before.
"""

import json
import os
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do the next act: raise `error`, or give the state with `state` laid over.

    Where there is a token, `wake` uses it; otherwise nobody does.
    """
    job = event.get("job", event)
    script = Path(os.environ["SCRIPTS"]) / job["job_id"] / os.environ["PART"]
    acts = json.loads(script.read_text())
    if len(acts) > 1:
        script.write_text(json.dumps(acts[1:]))
    act = acts[0]

    if "error" in act:
        # Lambda reports an exception by its class's name, dots and all.
        raise type(act["error"], (Exception,), {})("as the script says")
    if "wake" in act:
        import boto3  # noqa: PLC0415 - a second of start, which the other parts save

        boto3.client("stepfunctions").send_task_success(
            taskToken=event["token"], output=json.dumps(act["wake"])
        )
    if "token" in event:
        return {}
    if "kind" in event:
        return {"kind": event["kind"], "attempts": event["attempt"] + 1}
    return {**job, **act["state"]}
