"""Run the commands of `courier` that look into the stack behind the API."""

import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from platform import python_version
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from verdict_courier import stack_checks
from verdict_courier.api_client import ApiClient, ApiError, ApiUnreachable
from verdict_courier.cli.display import Display
from verdict_courier.cli.drills import drill_finding
from verdict_courier.cli.endpoints import LOCAL, connect, local_address, stack_access
from verdict_courier.cli.exit_codes import ExitCode
from verdict_courier.cli.job_ids import SHOWN_DIGITS
from verdict_courier.cli.misuse import Misused
from verdict_courier.console.logs import LogReader
from verdict_courier.stack_checks import Finding, StackAccess
from verdict_courier.version import version

#: Among how many of the newest jobs one is looked for that has asked for credits.
_JOBS_WITH_CREDITS = "20"
_SOUND = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def logs(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Show what the functions logged about a job."""
    stack = stack_access(_stage(options), profile=options.profile)
    job = api.call("GET", f"/jobs/{options.job_id}")
    since = job["received_at"] or job["submitted_at"]
    begin = datetime.fromisoformat(since).timestamp() - 60 if since else 0.0
    try:
        reader = LogReader(stack.client("logs"), groups=_log_groups(stack))
        display.log_lines(
            reader.lines(job["job_id"], since=begin, with_reads=options.all)
        )
    except (BotoCoreError, ClientError) as error:
        raise ApiUnreachable(f"cannot read the logs: {error}") from None
    return ExitCode.DONE


def _log_groups(stack: StackAccess) -> list[str]:
    """Return the log groups of a stack; an account has those of others as well."""
    listing = stack.client("cloudformation").get_paginator("list_stack_resources")
    return [
        resource["PhysicalResourceId"]
        for page in listing.paginate(StackName=stack.name)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Logs::LogGroup"
    ]


def open_job(api: ApiClient, display: Display, options: Namespace) -> ExitCode:
    """Open a job in a browser: on the local stack's page, or in the console of AWS."""
    job = api.call("GET", f"/jobs/{options.job_id}")
    address = job["links"]["execution"]
    if options.stage == LOCAL and not options.url:
        address = f"{local_address('console_url')}#{job['job_id']}"
    display.address(address)
    if display.is_live:
        webbrowser.open(address)
    return ExitCode.DONE


def doctor(display: Display, options: Namespace) -> ExitCode:
    """Look for what keeps jobs from running, and say what to do about it."""
    faults = 0
    for finding in _findings(options):
        display.finding(finding)
        faults += finding.ok is False
    return ExitCode.FAULTY if faults else ExitCode.DONE


def _findings(options: Namespace) -> Iterator[Finding]:
    """Yield what there is to see; what needs a broken part is left out."""
    versions = f"{version()}, boto3 {boto3.__version__}, Python {python_version()}"
    yield Finding(what="client", ok=True, seen=f"{versions} on {sys.platform}")
    try:
        stack = stack_access(_stage(options), profile=options.profile)
        api = connect(options.stage, profile=options.profile)
    except ApiUnreachable as error:
        yield Finding(
            what="stack",
            ok=False,
            seen=str(error),
            advice="Name a stage that is deployed (--stage), and credentials of its "
            "account and region (--profile, AWS_REGION).",
        )
        return
    parts: tuple[Callable[[StackAccess], Iterator[Finding]], ...] = (
        *((_identity, _stack) if options.stage != LOCAL else ()),
        *((lambda _: drill_finding(options),) if options.stage == LOCAL else ()),
        lambda _: _answers(api),
        stack_checks.secrets,
        stack_checks.queues,
        stack_checks.dead_letters,
    )
    for part in parts:
        try:
            yield from part(stack)
        except (BotoCoreError, ClientError) as error:
            yield Finding(
                what=getattr(part, "__name__", "").strip("_").replace("_", " "),
                ok=None,
                seen=str(error),
                advice="Ask with credentials that may read it (docs/deploy.md).",
            )


def _identity(stack: StackAccess) -> Iterator[Finding]:
    caller = stack.client("sts").get_caller_identity()
    yield Finding(what="credentials", ok=True, seen=str(caller["Arn"]))


def _stack(stack: StackAccess) -> Iterator[Finding]:
    (found,) = stack.client("cloudformation").describe_stacks(StackName=stack.name)[
        "Stacks"
    ]
    at = found.get("LastUpdatedTime") or found["CreationTime"]
    yield Finding(
        what="stack",
        ok=found["StackStatus"] in _SOUND,
        seen=f"{stack.name}, {found['StackStatus']}, deployed {at:%Y-%m-%d %H:%M} UTC",
        advice="See its events in CloudFormation, then deploy again.",
    )


def _answers(api: ApiClient) -> Iterator[Finding]:
    try:
        jobs = api.call("GET", "/jobs", query={"limit": _JOBS_WITH_CREDITS})["jobs"]
        newest = jobs[0]["received_at"] if jobs else "none"
        yield Finding(what="API", ok=True, seen=f"answers; newest job: {newest}")
        yield from _credits(jobs)
    except (ApiError, ApiUnreachable) as error:
        yield Finding(
            what="API",
            ok=False,
            seen=str(error),
            advice="Check that these credentials may use execute-api:Invoke, and the "
            "alarms on the API.",
        )


def _credits(jobs: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield how many credits each provider's account had at the newest job that asked.

    Only a job asks for them, before it is sent; this asks nobody. The quote of a job
    that was tried again may be much later than the job.
    """
    providers = set()
    for job in jobs:
        left = (job.get("quote") or {}).get("credits_left")
        if left is None or job["provider"] in providers:
            continue
        providers.add(job["provider"])
        yield Finding(
            what=f"credits {job['provider']}",
            ok=True if left else None,
            seen=f"{left:,} left, by the quote of the job "
            f"{job['job_id'][:SHOWN_DIGITS]} (received {job['received_at']})",
            advice="Buy credits, unless somebody has: jobs that wait for them go on.",
        )


def _stage(options: Namespace) -> str:
    if options.url:
        raise Misused("--url names an API, not its stack: name the stage with --stage")
    stage: str = options.stage
    return stage
