"""Find the API of a stage, and the credentials that sign its calls."""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from verdict_courier.api_client import ApiClient, ApiUnreachable

LOCAL = "local"
#: The record that `make up` writes about the stack that it started.
RECORD = Path(__file__).parents[3] / ".local" / "stack.json"
_URL_VARIABLE = "COURIER_API_URL"


def connect(stage: str, *, profile: str | None, url: str = "") -> ApiClient:
    """Return a client of the API of a stage, or of the API at `url`.

    The URL of another stage than the local one is that of the variable COURIER_API_URL,
    or else is read from the outputs of the stack in AWS.

    Raises:
        ApiUnreachable: There is no such API, or there are no credentials.
    """
    if url and not url.startswith("https://"):
        raise ApiUnreachable(f"{url}: the URL must begin with https://")
    if stage == LOCAL and not url:
        return ApiClient.local(local_address("api_url"))
    try:
        session = boto3.Session(profile_name=profile)
        credentials = session.get_credentials()
        if credentials is None:
            raise ApiUnreachable("no AWS credentials: name a profile with --profile")
        url = url or os.environ.get(_URL_VARIABLE) or _deployed_url(session, stage)
    except (BotoCoreError, ClientError) as error:
        raise ApiUnreachable(f"cannot find the API in AWS: {error}") from None
    # The host is API.execute-api.REGION.amazonaws.com, or a domain of the user's.
    host = urlsplit(url).netloc.split(".")
    region = host[2] if "execute-api" in host else session.region_name
    return ApiClient(url, region=region or "us-east-1", credentials=credentials)


def local_address(name: str) -> str:
    """Return an address from the record that `make up` wrote about its stack.

    Raises:
        ApiUnreachable: No local stack is running, or the record has no such address.
    """
    try:
        return str(json.loads(RECORD.read_text())[name])
    except FileNotFoundError:
        raise ApiUnreachable(
            "no local stack is running: start one with `make up`"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ApiUnreachable(
            f"{RECORD} is not what `make up` writes: remove it"
        ) from None


def _deployed_url(session: boto3.Session, stage: str) -> str:
    stacks = session.client("cloudformation").describe_stacks(
        StackName=f"VerdictCourier-{stage}"
    )["Stacks"]
    for output in stacks[0].get("Outputs", []):
        if output.get("OutputKey") == "ApiUrl":
            return output["OutputValue"]
    raise ApiUnreachable(f"the stack of stage {stage!r} has no API: deploy it again")
