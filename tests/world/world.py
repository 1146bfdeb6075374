"""World: the whole product in one process, with time that passes only when told.

Handlers, definition and environment are the product's own, AWS is in memory, and the
providers are their simulators. A test gives commands (upload, call the API, stop an
execution, lose a webhook), lets time pass, and reads what users and operators see.
"""

import json
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from urllib.parse import quote_plus

from functions.core import keys
from functions.core.keys import JOBS_BY_MONTH, LATE_CHECKS
from functions.core.model import Job, Outcome
from functions.core.quote_notice import QUOTE
from functions.core.s3_events import S3Object, job_for
from local.simulators.txncheck.webhook_sender import signed_webhook
from tests.world.deployment import Deployment
from tests.world.injection import (
    Fault,
    Injector,
    Mode,
    lost_answer,
    service_error,
)
from tests.world.interpreter import StateFailed
from tests.world.lambdas import FunctionFailed, Lambdas, Stalled
from tests.world.memory_aws.dynamodb import DynamoDb, Table
from tests.world.memory_aws.errors import NotModelled
from tests.world.memory_aws.s3 import S3
from tests.world.memory_aws.service import Parameters, Service
from tests.world.memory_aws.small import Functions, SecretsManager, Sns, Sts
from tests.world.scheduler import Scheduler
from tests.world.site import IPQS_KEY, MEMORY_SECRET, TXNCHECK_KEY, WEBHOOK_SECRET, Site
from tests.world.state_machine import Execution, StateMachine

#: Longer than a job and all its retries take.
HORIZON_SECONDS = 3 * 86_400.0
_VISIBILITY_SECONDS = 180.0
_ASYNC_RETRY_SECONDS = 60.0
_CLIENT_TRIES = 4
_CALLER = "arn:aws:sts::000000000000:assumed-role/people/ada"


@dataclass(frozen=True)
class ApiResponse:
    """A response of the API."""

    status: int
    document: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AwsCall:
    """A call to AWS; `caller` is a function or the state machine.

    One that is `signed_only` is made by whoever holds the signed URL.
    """

    caller: str
    service: str
    operation: str
    parameters: Parameters
    signed_only: bool = False


@dataclass
class World:
    """One run: new stores and executions at a site, whose providers are reset.

    `faults` are the planned ones, `skew` the seconds by which a function's clock is
    ahead, `webhooks` whether TxnCheck's are configured, `remember_days` the setting of
    IPQS. `lost_webhooks` says how many webhooks that are sent never arrive. `settings`
    are those of providers that are not the deployed ones.
    """

    site: Site
    faults: Iterable[Fault] = ()
    seed: int = 0
    skew: Mapping[str, float] = field(default_factory=dict)
    webhooks: bool = False
    remember_days: int = 0
    lost_webhooks: int = 0
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ipqs: Mapping[str, Any] = field(default_factory=dict)  # other settings of it

    def __post_init__(self) -> None:
        site = self.site
        site.reset()
        random.seed(self.seed)  # the product's jitter
        self._random = random.Random(self.seed)
        self.deployment = _with_webhooks(site, on=self.webhooks)
        if self.remember_days:
            self.deployment = self.deployment.remembering(self.remember_days)
        self.deployment = self.deployment.with_changes(self.settings)
        if self.ipqs:
            self.deployment = self.deployment.with_changes({"ipqs": self.ipqs})
        self.log = StringIO()
        self.injector = Injector({fault.at: fault for fault in self.faults})
        self.lambdas = Lambdas(self.deployment.variables, self.injector, self.log)
        names = self.deployment.outputs
        self.inbox, self.results = (
            names[keys.ENV_INBOX_BUCKET],
            names[keys.ENV_RESULTS_BUCKET],
        )
        self.s3 = S3(self.inbox, self.results)
        self.jobs = Table(
            "job_id",
            {
                JOBS_BY_MONTH: ("month", "received_at"),
                LATE_CHECKS: ("provider", "late_check_at"),
            },
        )
        self.waits = Table("wait_id")
        self.verdicts = Table("verdict_id")
        providers = self.deployment.providers
        secrets: dict[str, str | None] = {
            names[keys.ENV_MEMORY_SECRET]: MEMORY_SECRET,
            providers["ipqs"].secret: json.dumps({"api_key": IPQS_KEY}),
            providers["txncheck"].secret: json.dumps({"api_key": TXNCHECK_KEY}),
            providers["txncheck"].webhook_secret: json.dumps(
                {"current": WEBHOOK_SECRET}
            ),
        }
        self.sns = Sns(
            frozenset({names[keys.ENV_NOTICES_TOPIC]}), on_publish=self._published
        )
        self.scheduler = Scheduler(
            site.clock, next_outside=lambda: site.txncheck.next_webhook_at
        )
        self.machine = StateMachine(
            self.deployment.definition,
            scheduler=self.scheduler,
            call_task=self._call_task,
            ended=self._execution_ended,
            random_=self._random,
        )
        tables = {
            names[keys.ENV_JOBS_TABLE]: self.jobs,
            names[keys.ENV_WAITS_TABLE]: self.waits,
            names[keys.ENV_MEMORY_TABLE]: self.verdicts,
        }
        self.dynamodb = DynamoDb(tables)
        services: tuple[Service, ...] = (
            self.s3,
            self.dynamodb,
            SecretsManager(secrets),
            self.sns,
            self.machine,
            Functions(self._invoke),
            Sts(),
        )
        self._services = {service.name: service for service in services}
        self.dead_letters: list[str] = []  # messages that nobody could process
        self.aws_calls: list[AwsCall] = []  # of functions and of the state machine
        self.early_notices: list[str] = []  # sent before their outcome was recorded
        self._broken: list[NotModelled] = []
        self._numbers = 0
        site.injector, site.skew, site.log = self.injector, self.skew, self.log
        site.hook.backend = self._call_aws
        site.post_webhook = self._receive_webhook

    # Commands.

    def upload(
        self,
        key: str,
        content: bytes,
        *,
        announce: bool = True,
        metadata: Mapping[str, str] | None = None,
    ) -> Job:
        """Upload a file, whose event S3 sends soon; return its job."""
        parameters = {
            "Bucket": self.inbox,
            "Key": key,
            "Body": content,
            "Metadata": metadata or {},
        }
        stored = self.s3.call("PutObject", parameters)
        types = {name: each.types for name, each in self.deployment.providers.items()}
        job = job_for(S3Object(self.inbox, key, stored["VersionId"]), types=types)
        assert job is not None, key
        if announce:
            self.announce(job)
        return job

    def announce(self, job: Job, *, by_s3: bool = False) -> None:
        """Send the event of an upload, once more if it was sent before.

        It has the form of EventBridge, or that of S3's own notifications.
        """
        event: dict[str, Any] = {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": job.bucket},
                "object": {"key": job.key, "version-id": job.version_id},
            },
        }
        if by_s3:
            stored = {"key": quote_plus(job.key), "versionId": job.version_id}
            s3 = {"bucket": {"name": job.bucket}, "object": stored}
            event = {"Records": [{"eventName": "ObjectCreated:Put", "s3": s3}]}
        self._numbers += 1
        number = self._numbers
        self.scheduler.after(1, lambda: self._intake(number, json.dumps(event), 1))

    def call_api(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str = "",
        query: Mapping[str, str] | None = None,
        tries: int = _CLIENT_TRIES,
    ) -> ApiResponse:
        """Call the API as a client does, which repeats a call that fails."""
        parts = path.strip("/").split("/")
        job_id = parts[1] if parts[1:] and parts[0] == "jobs" else ""
        headers = {"Content-Type": ["application/json"]}
        if idempotency_key:
            headers["Idempotency-Key"] = [idempotency_key]
        event = {
            "path": path,
            "resource": path.replace(job_id, "{job_id}") if job_id else path,
            "httpMethod": method,
            "headers": {name: values[0] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "multiValueQueryStringParameters": {
                name: [value] for name, value in (query or {}).items()
            },
            "pathParameters": {"job_id": job_id} if job_id else None,
            "requestContext": {
                "path": f"/local{path}",
                "stage": "local",
                "identity": {"userArn": _CALLER},
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        response = ApiResponse(502, {})
        for number in range(tries):
            if number:
                self.run(seconds=float(2**number))
            try:
                answer = self.lambdas.invoke("api", event)
            except (FunctionFailed, Stalled):
                response = ApiResponse(502, {})
                continue
            document = json.loads(answer["body"] or "{}")
            response = ApiResponse(answer["statusCode"], document)
            if response.status < 500:
                break
        self._check_modelled()
        return response

    def start_job(self, job: Job, **options: Any) -> ApiResponse:  # noqa: ANN401 - those of call_api
        """Start the job of an uploaded file through the API."""
        body = {"key": job.key, "version_id": job.version_id}
        return self.call_api("POST", "/jobs", body, **options)

    def approve(self, job: Job) -> ApiResponse:
        """Approve a job through the API."""
        return self.call_api("POST", f"/jobs/{job.job_id}/approve")

    def check(self, job: Job, **options: Any) -> ApiResponse:  # noqa: ANN401 - those of call_api
        """Ask through the API that a job is checked now."""
        return self.call_api("POST", f"/jobs/{job.job_id}/check", **options)

    def cancel(self, job: Job) -> ApiResponse:
        """Cancel a job through the API."""
        return self.call_api("POST", f"/jobs/{job.job_id}/cancel")

    def retry(self, job: Job) -> ApiResponse:
        """Retry a job through the API."""
        return self.call_api("POST", f"/jobs/{job.job_id}/retry")

    def start_execution(self, job: Job, *, name: str = "") -> Execution:
        """Start an execution by hand, of the job's name or of another one."""
        state = json.dumps(job.to_state(), sort_keys=True)
        return self.machine.start(name or job.execution_name, state)

    def stop_execution(self, name: str) -> None:
        """Stop an execution by hand, without the API."""
        self.machine.stop(self.machine.executions[name])

    def redrive(self, name: str) -> None:
        """Continue an execution that failed, by hand."""
        self.machine.redrive(self.machine.executions[name])

    def sweep(self) -> None:
        """Let the sweep for late jobs run once, as it does by a schedule."""
        with suppress(FunctionFailed, Stalled):
            self.lambdas.invoke("sweep", {})
        self._check_modelled()

    def fail_call(self, mode: Mode, *, after: int = 0) -> None:
        """Plan that a coming call fails: the next one, or a later one."""
        at = len(self.injector.calls) + after
        self.injector.faults[at] = Fault(at, mode)

    def forge_webhook(self, reference: str) -> int | None:
        """Send a webhook about a job of the provider with another secret."""
        request = self.site.txncheck.find(reference)
        completion = request.completion if request else None
        if request is None or completion is None:
            return None
        forged = signed_webhook(request, completion, "not the secret")
        return self._receive_webhook(forged.headers, forged.body)

    def run(self, *, seconds: float = HORIZON_SECONDS, until_state: str = "") -> None:
        """Let time pass, until nothing is to come or some execution is in a state."""

        def reached() -> bool:
            return any(
                until_state and until_state == execution.state[0]
                for execution in self.machine.executions.values()
                if not execution.is_over
            )

        until = self.scheduler.clock.now() + seconds
        if seconds >= HORIZON_SECONDS:
            until = float("inf")
        self.scheduler.run(until=until, stop=reached)
        if not until_state and until == float("inf"):
            self.lambdas.wake_all()
            self.scheduler.run(until=until)
        self._check_modelled()

    # What users and operators see.

    def item(self, job_id: str) -> dict[str, Any]:
        """Return a job's item in the jobs table, each attribute as a plain value."""
        item = self.jobs.items.get(job_id, {})
        return {name: next(iter(value.values())) for name, value in item.items()}

    def outcome(self, job: Job) -> Outcome:
        """Return the outcome that is recorded of a job."""
        return Outcome(self.item(job.job_id).get("outcome", ""))

    def notices(self, job: Job) -> list[dict[str, Any]]:
        """Return the notices about a job's ends."""
        return [each for each in self._messages(job) if each.get("notice") != QUOTE]

    def quotes(self, job: Job) -> list[dict[str, Any]]:
        """Return the notices that a job waits for approval."""
        return [each for each in self._messages(job) if each.get("notice") == QUOTE]

    def _messages(self, job: Job) -> list[dict[str, Any]]:
        parsed = [json.loads(message["Message"]) for message in self.sns.messages]
        return [message for message in parsed if message["job_id"] == job.job_id]

    def objects(self, job: Job) -> dict[str, bytes]:
        """Return the visible objects of a job in the results bucket."""
        prefix = f"{job.provider}/{job.type}/{job.job_id}/"
        return {
            key.removeprefix(prefix): versions[-1].content
            for key, versions in self.s3.buckets[self.results].items()
            if f"/{job.job_id}/" in key and versions[-1].content is not None
        }

    def executions(self, job: Job) -> list[Execution]:
        """Return the executions of a job, by their input."""
        return [
            execution
            for execution in self.machine.executions.values()
            if json.loads(execution.input).get("job_id") == job.job_id
        ]

    # How the parts are connected.

    def _call_aws(
        self, service: str, operation: str, parameters: Parameters
    ) -> Mapping[str, Any]:
        fault = self.injector.begin(f"{service}.{operation}")
        if self.injector.process is not None:
            caller = self.injector.process.function
            self._note_call(caller, service, operation, parameters)
        if fault is not None and fault.mode is Mode.ERROR_BEFORE:
            raise service_error(service, operation, fault.code)
        try:
            response = self._services[service].call(operation, parameters)
        except NotModelled as error:
            self._broken.append(error)
            raise
        finally:
            self.injector.end(fault)
        if fault is not None and fault.mode is Mode.ERROR_AFTER:
            raise lost_answer()
        return response

    def _call_task(self, resource: str, parameters: Any) -> Any:  # noqa: ANN401 - any JSON
        service = resource.split(":")[-2]
        if service == "lambda":
            return self._call_function(parameters)
        if service == "sns":
            parameters = {**parameters}
            if not isinstance(parameters["Message"], str):
                parameters["Message"] = json.dumps(parameters["Message"])
            return self._call_by_aws(
                "sns", "Publish", parameters, "SNS.InternalErrorException"
            )
        if resource.endswith(":s3:putObject"):
            return self._call_by_aws(
                "s3", "PutObject", parameters, "States.ResultWriterFailed"
            )
        if service == "s3":
            response = self._call_by_aws(
                "s3", "GetObject", parameters, "States.ItemReaderFailed"
            )
            return json.loads(response["Body"].read())
        raise NotModelled(resource)

    def _call_by_aws(
        self, service: str, operation: str, parameters: Parameters, error: str
    ) -> Mapping[str, Any]:
        mode = self.injector.aws_call(f"{service}.{operation}")
        self._note_call("state machine", service, operation, parameters)
        if mode is Mode.ERROR_BEFORE:
            raise StateFailed(error)
        response = self._services[service].call(operation, parameters)
        if mode is Mode.ERROR_AFTER:
            raise StateFailed(error)
        return response

    def _call_function(self, parameters: Any) -> Any:  # noqa: ANN401 - any JSON
        function = parameters["FunctionName"]
        mode = self.injector.aws_call(f"lambda.{function}")
        self._note_call("state machine", "lambda", "Invoke", parameters)
        if mode is Mode.ERROR_BEFORE:
            raise StateFailed("Lambda.TooManyRequestsException")
        try:
            payload = self.lambdas.invoke(function, parameters["Payload"])
        except FunctionFailed as failed:
            raise StateFailed(failed.error, failed.cause) from None
        except Stalled:
            raise StateFailed("Lambda.SdkClientException") from None
        if mode is Mode.ERROR_AFTER:
            raise StateFailed("Lambda.SdkClientException")
        return {"Payload": payload, "StatusCode": 200}

    def _invoke(self, function: str, event: Any) -> Any:  # noqa: ANN401 - any JSON
        """Run a function that another one calls, which waits for it."""
        try:
            return self.lambdas.invoke(function, event)
        except FunctionFailed:
            return None
        except Stalled:
            raise lost_answer() from None

    def _note_call(
        self, caller: str, service: str, operation: str, parameters: Parameters
    ) -> None:
        call = AwsCall(
            caller=caller, service=service, operation=operation, parameters=parameters
        )
        self.aws_calls.append(call)

    def _intake(self, number: int, body: str, receive_count: int) -> None:
        """Deliver a message of the intake queue, again after a failure."""
        message_id = f"message-{number}"
        record = {
            "messageId": message_id,
            "receiptHandle": f"receipt-{number}-{receive_count}",
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(receive_count)},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:intake",
            "awsRegion": "us-east-1",
        }
        failed = False
        try:
            answer = self.lambdas.invoke("intake", {"Records": [record]})
            failed = bool(answer["batchItemFailures"])
        except (FunctionFailed, Stalled):
            failed = True
        if not failed:
            return
        if receive_count >= self.deployment.intake_tries:
            self.dead_letters.append(f"intake: {body}")
            return
        self.scheduler.after(
            _VISIBILITY_SECONDS, lambda: self._intake(number, body, receive_count + 1)
        )

    def _execution_ended(self, execution: Execution) -> None:
        if execution.status not in self.deployment.announced_statuses:
            return
        event = {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {
                "executionArn": execution.arn,
                "status": execution.status,
                "name": execution.name,
            },
        }
        self.scheduler.after(1, lambda: self._finalize(event, 1))

    def _finalize(self, event: Mapping[str, Any], number: int) -> None:
        """Send a status change to finalize_execution, again after a failure."""
        try:
            self.lambdas.invoke("finalize_execution", event)
        except (FunctionFailed, Stalled):
            if number < self.deployment.finalize_tries:
                self.scheduler.after(
                    _ASYNC_RETRY_SECONDS * number,
                    lambda: self._finalize(event, number + 1),
                )
            else:
                self.dead_letters.append(f"finalize: {event['detail']['name']}")

    def _receive_webhook(self, headers: Mapping[str, str], body: bytes) -> int | None:
        if self.lost_webhooks > 0:
            self.lost_webhooks -= 1
            return None
        event = {
            "path": "/webhooks/txncheck",
            "httpMethod": "POST",
            "pathParameters": {"provider": "txncheck"},
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        try:
            return int(self.lambdas.invoke("webhook", event)["statusCode"])
        except FunctionFailed:
            return 502
        except Stalled:
            return None

    def _published(self, message: Mapping[str, Any]) -> None:
        """Note a notice whose outcome is not recorded, or that lacks its manifest."""
        notice = json.loads(message["Message"])
        item = self.item(notice["job_id"])
        if notice.get("notice") == QUOTE:
            if "quoted_at" not in item:
                self.early_notices.append(json.dumps(notice))
            return
        recorded = {item.get("outcome")}
        recorded |= {each["outcome"] for each in json.loads(item.get("earlier", "[]"))}
        manifest = notice["manifest_key"]
        if notice["outcome"] not in recorded or (
            manifest and self.s3.current(self.results, manifest) is None
        ):
            self.early_notices.append(json.dumps(notice))

    def _check_modelled(self) -> None:
        if self._broken:
            raise self._broken[0]


def _with_webhooks(site: Site, *, on: bool) -> Deployment:
    scheme = site.deployment.providers["txncheck"].webhook
    assert scheme is not None
    site.txncheck.behave(webhook_scheme=scheme)
    if on:
        return site.deployment
    site.txncheck.webhook_url = None
    return site.deployment.without_webhooks
