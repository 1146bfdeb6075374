"""Smoke: try out a deployed stage, without paying a provider anything."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from verdict_courier import stack_checks
from verdict_courier.api_client import ApiClient, ApiUnreachable
from verdict_courier.stack_checks import Finding, StackAccess

from functions.core import identity
from tools.stage.subscription import Subscription, as_list, as_object

#: How long an upload may take to be seen as a notice.
PATIENCE_SECONDS = 60.0
#: How a webhook without a signature may be answered.
_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_T = TypeVar("_T")


@dataclass(kw_only=True)
class SmokeTest:
    """The checks of a stage.

    `unsigned` calls the API without a signature; None where the stage does not verify
    signatures.
    """

    stack: StackAccess
    api: ApiClient
    unsigned: ApiClient | None
    patience: float = PATIENCE_SECONDS

    def run(self) -> Iterator[Finding]:
        """Yield a finding for each part of the stage, in the order of a job."""
        yield from stack_checks.secrets(self.stack)
        yield self.upload_rule()
        yield self.key_policy()
        topics = (
            self.stack.outputs["NoticesTopicArn"],
            self.stack.outputs["OperationsTopicArn"],
        )
        with Subscription.opened(
            topics, name=f"{self.stack.name}-smoke", client=self.stack.client
        ) as subscription:
            yield from self.upload(subscription)
            yield self.alarm(subscription)
        yield from self.signatures()
        yield from self.webhooks()
        yield from stack_checks.dead_letters(self.stack)

    def upload_rule(self) -> Finding:
        """Check that the rule that hears of uploads is on."""
        (rule,) = self._resources("AWS::Events::Rule", "IntakeRule")
        state = self.stack.client("events").describe_rule(Name=rule)["State"]
        return Finding(
            what="rule for uploads",
            ok=state == "ENABLED",
            seen=state.lower(),
            advice=f"Enable the rule {rule} in EventBridge: no upload starts a job.",
        )

    def key_policy(self) -> Finding:
        """Check that the services that use the key by themselves may."""
        policy = self.stack.client("kms").get_key_policy(
            KeyId=self.stack.outputs["DataKeyArn"], PolicyName="default"
        )["Policy"]
        allowed = {
            service
            for statement in json.loads(policy)["Statement"]
            if statement["Effect"] == "Allow"
            for service in as_list(as_object(statement["Principal"]).get("Service", []))
        }
        missing = {"events.amazonaws.com", "cloudwatch.amazonaws.com"} - allowed
        return Finding(
            what="policy of the key",
            ok=not missing,
            seen=f"lacks {', '.join(sorted(missing))}"
            if missing
            else "lets both use it",
            advice="Deploy again: without it uploads or alarms are lost in silence.",
        )

    def upload(self, subscription: Subscription) -> Iterator[Finding]:
        """Upload an empty file, which must end as a failed job with a notice."""
        bucket = self.stack.outputs["InboxBucket"]
        key = f"ipqs/email/smoke-{uuid.uuid4().hex}.csv"
        started = time.monotonic()
        version = self.stack.client("s3").put_object(Bucket=bucket, Key=key, Body=b"")
        job_id = identity.of_object(bucket, key, version["VersionId"])
        item = self._wait(lambda: self._ended(job_id))
        seconds = f"after {time.monotonic() - started:.0f} s"
        outcome = (item or {}).get("outcome", "none"), (item or {}).get("error", "")
        yield Finding(
            what="upload",
            ok=outcome == ("failed", "SourceEmpty"),
            seen=f"{outcome[0]} {outcome[1]} {seconds}",
            advice="Look at the dead letters of intake, then at the log of Intake: "
            "EventBridge may be unable to send to the encrypted queue.",
        )
        notice = self._wait(lambda: subscription.find(job_id))
        yield Finding(
            what="notice",
            ok=notice is not None,
            seen="arrived" if notice else "none",
            advice="Look at the execution's Notify state: its role or the topic's key.",
        )
        response = self.api.send("GET", f"/jobs/{job_id}")
        yield Finding(
            what="API, signed",
            ok=response.ok and response.json()["outcome"] == "failed",
            seen=f"HTTP {response.status_code}",
            advice="Your identity needs execute-api:Invoke; else see the log of api.",
        )

    def alarm(self, subscription: Subscription) -> Finding:
        """Set one alarm by hand, and wait for its message."""
        alarm, *_ = self._resources("AWS::CloudWatch::Alarm", "")
        cloudwatch = self.stack.client("cloudwatch")
        reason = f"Smoke test {uuid.uuid4().hex}"
        cloudwatch.set_alarm_state(
            AlarmName=alarm, StateValue="ALARM", StateReason=reason
        )
        heard = self._wait(lambda: subscription.find(reason))
        cloudwatch.set_alarm_state(
            AlarmName=alarm, StateValue="OK", StateReason=f"{reason} has ended"
        )
        return Finding(
            what="alarm",
            ok=heard is not None,
            seen="heard" if heard else "silent",
            advice="CloudWatch may be unable to use the key of the operations topic.",
        )

    def signatures(self) -> Iterator[Finding]:
        """Call the API without a signature, which must be refused."""
        if self.unsigned is None:
            seen = "signatures are not verified here"
            yield Finding(what="API, unsigned", ok=None, seen=seen)
            return
        status = self.unsigned.send("GET", "/jobs").status_code
        yield Finding(
            what="API, unsigned",
            ok=status == HTTPStatus.FORBIDDEN,
            seen=f"HTTP {status}",
            advice="Anybody can call the API: deploy again, at once.",
        )

    def webhooks(self) -> Iterator[Finding]:
        """Post an unsigned webhook, which must be answered with a refusal."""
        for output in self.stack.outputs:
            if not output.endswith("WebhookSecretArn"):
                continue
            provider = output.removesuffix("WebhookSecretArn").lower()
            try:
                status = self.api.send(
                    "POST", f"/webhooks/{provider}", content=b"{}"
                ).status_code
            except ApiUnreachable:
                status = 0
            yield Finding(
                what=f"webhooks of {provider}",
                ok=status in _REFUSALS,
                seen=f"HTTP {status}",
                advice="See the log of webhook; jobs are polled in any case.",
            )

    def _ended(self, job_id: str) -> dict[str, str] | None:
        item = self.stack.client("dynamodb").get_item(
            TableName=self.stack.outputs["JobsTable"],
            Key={"job_id": {"S": job_id}},
            ConsistentRead=True,
        )
        found = {
            name: str(next(iter(value.values())))
            for name, value in item.get("Item", {}).items()
        }
        return found if found.get("outcome") else None

    def _resources(self, kind: str, part: str) -> list[str]:
        pages = (
            self.stack.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=self.stack.name)
        )
        return [
            resource["PhysicalResourceId"].rpartition("|")[2]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == kind
            and part in resource["LogicalResourceId"]
        ]

    def _wait(self, probe: Callable[[], _T | None]) -> _T | None:
        give_up_at = time.monotonic() + self.patience
        while (found := probe()) is None and time.monotonic() < give_up_at:
            time.sleep(0.5)  # AWS tells nobody who is not subscribed
        return found
