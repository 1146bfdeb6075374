"""Find the API of a stage, and the credentials that sign its calls."""

import json
import os
import re
import shlex
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from verdict_courier.api_client import THIS_MACHINE, ApiClient, ApiUnreachable
from verdict_courier.cli.misuse import Misused
from verdict_courier.stack_checks import StackAccess

LOCAL = "local"
_CLONE = Path(__file__).parents[3]
_RECORD = Path(".local", "stack.json")


def find_record(clone: Path, folder: Path) -> Path:
    """Return where `make up` writes about the stack that it started in this clone.

    An installed client has no clone, and looks for it in the folder in which it is
    called, and in those around it.
    """
    if (clone / "pyproject.toml").exists():
        return clone / _RECORD
    around = (each / _RECORD for each in (folder, *folder.parents))
    return next((each for each in around if each.exists()), folder / _RECORD)


RECORD = find_record(_CLONE, Path.cwd())
_STAGE_VARIABLE = "COURIER_STAGE"
_URL_VARIABLE = "COURIER_API_URL"
#: The script `courier` of a clone says in it how it was called.
_PROGRAM_VARIABLE = "COURIER_PROGRAM"
_STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-f:.]+")


def connect(stage: str, *, profile: str | None, url: str = "") -> ApiClient:
    """Return a client of the API of a stage, or of the API at `url`.

    The URL of another stage than the local one is that of the variable COURIER_API_URL,
    or else is read from the outputs of the stack in AWS.

    Raises:
        Misused: The stage, the URL or the profile can be none.
        ApiUnreachable: There is no such API, or there are no credentials.
    """
    if not _STAGE.fullmatch(stage):
        raise Misused(f"{stage!r} is not a stage: local, dev and prod are")
    if url:
        _check_url(url)
        if (
            urlsplit(url).scheme == "http"
        ):  # of a local stack, which takes any signature
            return ApiClient.local(url)
    if stage == LOCAL and not url:
        return ApiClient.local(local_address("api_url"))
    with _aws_errors(profile):
        session = boto3.Session(profile_name=profile)
        credentials = session.get_credentials()
        if credentials is None:
            raise ApiUnreachable("no AWS credentials: name a profile with --profile")
        if not url and (url := os.environ.get(_URL_VARIABLE, "")):
            _check_url(url, source=f"{_URL_VARIABLE}: ")
        url = url or _deployed_url(session, stage)
    # The host is API.execute-api.REGION.amazonaws.com, or a domain of the user's.
    host = urlsplit(url).netloc.split(".")
    region = host[2] if "execute-api" in host else session.region_name
    return ApiClient(url, region=region or "us-east-1", credentials=credentials)


def usual_stage() -> str:
    """Return the stage whose API is called where none is named."""
    return os.environ.get(_STAGE_VARIABLE) or LOCAL


def command_on(options: Namespace, *words: str) -> str:
    """Return the command line that runs a command on the stage of these options."""
    program = os.environ.get(_PROGRAM_VARIABLE) or "courier"
    line = [program, *words]
    if options.stage != usual_stage():
        line += ["--stage", options.stage]
    for name in ("profile", "url"):
        if value := getattr(options, name):
            line += [f"--{name}", value]
    return shlex.join(line)


def _check_url(url: str, *, source: str = "") -> None:
    """Raise if a text is not the URL of an API; the client allows http to itself."""
    try:
        parts = urlsplit(url)
        is_valid = (
            (
                parts.scheme == "https"
                or (parts.scheme == "http" and parts.hostname in THIS_MACHINE)
            )
            and _HOST.fullmatch(parts.hostname or "") is not None
            and parts.port != 0
            and not parts.query
            and not parts.fragment
        )
    except ValueError:  # of a port, or of an address in brackets
        is_valid = False
    if not is_valid:
        raise Misused(
            f"{source}{url!r} is not the URL of an API, such as https://HOST/prod"
        )


def local_address(name: str) -> str:
    """Return an address from the record that `make up` wrote about its stack.

    Raises:
        ApiUnreachable: No local stack is running, or the record has no such address.
    """
    return str(_local_record(name)[name])


def stack_access(stage: str, *, profile: str | None) -> StackAccess:
    """Return the stack of a stage, with clients of AWS, or of the local stack.

    Raises:
        Misused: The stage or the profile can be none.
        ApiUnreachable: There is no such stack, or there are no credentials.
    """
    if stage == LOCAL:
        outputs = _local_record("addresses")["addresses"]
        session = boto3.Session("test", "test", region_name="us-east-1")
        client = partial(session.client, endpoint_url=outputs["Endpoint"])
        return StackAccess(name=_stack_name(stage), outputs=outputs, client=client)
    with _aws_errors(profile):
        session = boto3.Session(profile_name=profile)
        any_client: Any = session.client
        return StackAccess(
            name=_stack_name(stage),
            outputs=_outputs(session, stage),
            client=any_client,
        )


def _local_record(name: str) -> dict[str, Any]:
    """Return the record of the local stack, which has a member of this name."""
    try:
        with RECORD.open("rb") as file:
            is_running = _is_locked(file)
            record: dict[str, Any] = json.loads(_own_content(file))
            _ = record[name]
    except FileNotFoundError:
        raise ApiUnreachable(
            f"no local stack is running: there is no {RECORD}. Start one with "
            "`make up`, call this in the folder of its clone, or name the stage of a "
            f"deployed one with --stage or {_STAGE_VARIABLE}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ApiUnreachable(
            f"{RECORD} is not what `make up` writes: remove it"
        ) from None
    if not is_running:
        raise ApiUnreachable(
            "the local stack has ended without `make down`: start one with `make up`"
        )
    return record


def _own_content(file: BinaryIO) -> bytes:
    """Return what this user wrote; another one could lead lists to himself."""
    is_own = os.fstat(file.fileno()).st_uid == os.getuid()
    return file.read() if is_own else b""


def _is_locked(file: BinaryIO) -> bool:
    """Return whether the stack runs that wrote the record; it holds a lock on it."""
    import fcntl  # noqa: PLC0415 - Windows has neither this module nor a local stack

    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


@contextmanager
def _aws_errors(profile: str | None) -> Iterator[None]:
    """Raise errors of the client for those of boto3."""
    try:
        yield
    except ProfileNotFound:
        there_are = ", ".join(boto3.Session().available_profiles) or "none"
        raise Misused(f"no AWS profile {profile!r}; there are: {there_are}") from None
    except (BotoCoreError, ClientError) as error:
        raise ApiUnreachable(f"cannot find the API in AWS: {error}") from None


def _deployed_url(session: boto3.Session, stage: str) -> str:
    url = _outputs(session, stage).get("ApiUrl")
    if url is None:
        raise ApiUnreachable(
            f"the stack of stage {stage!r} has no API: deploy it again"
        )
    return url


def _outputs(session: boto3.Session, stage: str) -> dict[str, str]:
    stacks = session.client("cloudformation").describe_stacks(
        StackName=_stack_name(stage)
    )["Stacks"]
    return {
        output["OutputKey"]: output["OutputValue"]
        for output in stacks[0].get("Outputs", [])
        if "OutputKey" in output and "OutputValue" in output
    }


def _stack_name(stage: str) -> str:
    return f"VerdictCourier-{stage}"
