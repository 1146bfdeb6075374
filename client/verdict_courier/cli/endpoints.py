"""Places: where the API of a stage is, and who calls it."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from verdict_courier.api_client import Api

LOCAL = "local"
#: What `make up` leaves about the stack that it started.
RECORD = Path(__file__).parents[3] / ".local" / "stack.json"
_ADDRESS = "COURIER_API_URL"


class Unreachable(Exception):
    """There is no API to call, or nobody to sign the calls; the text says why."""


def api_of(stage: str, *, profile: str | None, url: str = "") -> Api:
    """Find the API of a stage: the one in the environment, on this machine, or in AWS.

    With `url` it is the one there, whatever the stage.

    Raises:
        Unreachable: There is none.
    """
    if url and not url.startswith("https://"):
        raise Unreachable(f"{url}: only https:// keeps what is answered to itself")
    if stage == LOCAL and not url:
        return Api(
            local_record()["shown"]["ApiUrl"],
            region="us-east-1",
            who=Credentials("test", "test"),
        )
    try:
        session = boto3.Session(profile_name=profile)
        who = session.get_credentials()
        if who is None:
            raise Unreachable("no AWS credentials: name a profile with --profile")
        address = url or os.environ.get(_ADDRESS) or _deployed(session, stage)
    except (BotoCoreError, ClientError) as error:
        raise Unreachable(f"AWS does not tell where the API is: {error}") from None
    region = _region(address) or session.region_name or "us-east-1"
    return Api(address, region=region, who=who)


def local_record() -> dict[str, Any]:
    """Read what `make up` left about the stack that it started.

    Raises:
        Unreachable: It started none.
    """
    try:
        record: dict[str, Any] = json.loads(RECORD.read_text())
    except FileNotFoundError:
        raise Unreachable(
            "no local stack is running: start one with `make up`"
        ) from None
    return record


def _deployed(session: boto3.Session, stage: str) -> str:
    stacks = session.client("cloudformation").describe_stacks(
        StackName=f"VerdictCourier-{stage}"
    )["Stacks"]
    for output in stacks[0].get("Outputs", []):
        if output.get("OutputKey") == "ApiUrl":
            return output["OutputValue"]
    raise Unreachable(f"the stack of the stage {stage!r} has no API: deploy it anew")


def _region(address: str) -> str:
    """Read the region out of an address of API Gateway's; others say nothing."""
    host = urlsplit(address).netloc.split(".")
    return host[2] if "execute-api" in host else ""
