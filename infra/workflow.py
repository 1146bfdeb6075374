"""Workflow: build the state machine, from a job's first state to its notification.

    Begin ─┬─► Known
           └─► Repeated              (another execution follows the job)

    Known ─┬─► Prepare ─► Route
           └─► Check ───► Route      (if the provider has the job already)

    Route ─┬─ submit ───► Submit ─► Route
           ├─ approve ──► Approve ─► Submit   (a person looks at the quote first)
           ├─ hold ─────► Hold ─► Submit
           ├─ wait ─────► Wait ─► Check
           ├─ listen ───► Listen ─► Check   (where the provider sends webhooks)
           ├─ requests ─► Requests (a poll loop each) ─► Gather ─► Route
           ├─ collect ──► Collect (a Download per kind) ─► Join ─► Manifest ─► Conclude
           ├─ report ───► Join ─► Manifest ─► Conclude
           └─ otherwise ► Conclude ─► Notify ─► Judge ─┬─► Delivered
                                                       └─► Failed

docs/workflow.md has the full chart. The state is a `functions.core.model.Job`. A task
that fails, at once or after its retries, leads to Conclude, so that every outcome is
recorded and announced; a Download that fails leaves its kind out of the results, and a
Join the joined rows. If Begin, Conclude or Notify fails, the execution ends in
Unrecorded, and finalize_execution does what is missing.
"""

from functools import partial

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.core.errors import JobAlreadyStarted, JobEnded
from functions.core.model import Next, Outcome
from infra.batch_map import batch_map
from infra.collection import collect_map, join_records
from infra.functions import Functions
from infra.nag import acknowledge
from infra.notify_task import notify_task
from infra.poll_loop import PollLoop, next_is, token_task
from infra.task_defaults import lambda_task


class Workflow(Construct):
    """The state machine and its log group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Functions,
        topic: sns.ITopic,
        inbox: s3.IBucket,
        results: s3.IBucket,
        batch_max_concurrency: int,
        key: kms.IKey,
        timeout: Duration,
        log_retention: logs.RetentionDays,
        log_level: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(
                self._definition(
                    functions, topic, inbox, results, batch_max_concurrency
                )
            ),
            comment="Follow a job from its submission to the notification of its end",
            timeout=timeout,
            encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(key),
            logs=sfn.LogOptions(
                destination=self.log_group,
                level=sfn.LogLevel[log_level],
                include_execution_data=False,
            ),
            tracing_enabled=True,
            removal_policy=removal_policy,
        )
        if log_level != sfn.LogLevel.ALL.name:
            acknowledge(
                self.state_machine,
                "AwsSolutions-SF1",
                "The setting state_machine_log says that this log is not worth its "
                "price; the history of each execution has every event.",
            )

    def _definition(
        self,
        functions: Functions,
        topic: sns.ITopic,
        inbox: s3.IBucket,
        results: s3.IBucket,
        batch_max_concurrency: int,
    ) -> sfn.IChainable:
        """Return the first state, linked to all others."""
        task = partial(lambda_task, self)
        begin = task(
            "Begin",
            functions.begin,
            "Let only one execution follow the job",
            payload=sfn.TaskInput.from_object(
                {
                    "job": sfn.JsonPath.object_at("$"),
                    "execution": sfn.JsonPath.string_at("$$.Execution.Name"),
                }
            ),
            discard_response=True,
        )
        repeated = sfn.Fail(
            self,
            "Repeated",
            comment="Another execution follows the job, or has followed it",
            error=JobAlreadyStarted.__name__,
            cause=JobAlreadyStarted.advice,
        )
        is_submitted = sfn.Choice(
            self, "Known", comment="Does the provider have it already?"
        )
        poll = PollLoop(self, functions=functions)
        approve = token_task(
            self,
            "Approve",
            functions.approve,
            "Wait until a person has approved the quote, or until it is looked at",
            result_path=sfn.JsonPath.DISCARD,
        )
        collect = collect_map(self, functions.download)
        prepare = task(
            "Prepare", functions.prepare, "Read the source and write what is sent of it"
        )
        requests = batch_map(
            self,
            functions=functions,
            inbox=inbox,
            max_concurrency=batch_max_concurrency,
        )
        gather = task(
            "Gather", functions.gather, "Combine the results, one line per row"
        )
        manifest = task("Manifest", functions.manifest, "List the delivered files")
        joinable = join_records(self, functions, then=manifest)
        conclude = task("Conclude", functions.conclude, "Record the outcome of the job")
        notify = notify_task(self, topic, results)
        has_results = sfn.Choice(self, "Judge", comment="Were results delivered?")
        delivered = sfn.Succeed(
            self, "Delivered", comment="The manifest lists the results"
        )
        failed = sfn.Fail(
            self,
            "Failed",
            comment="The AWS console shows the error's name and advice",
            error_path="$.error",
            cause_path="$.advice",
        )
        unrecorded = sfn.Fail(
            self,
            "Unrecorded",
            comment="The outcome could not be recorded or announced",
            error="Unrecorded",
            cause="The jobs table or the topic did not accept the outcome. "
            "Retry the job when they do.",
        )

        has_reference = sfn.Condition.and_(
            sfn.Condition.is_present("$.provider_ref"),
            sfn.Condition.string_greater_than("$.provider_ref", ""),
        )
        begin.next(is_submitted)
        is_submitted.when(
            next_is(Next.REPORT), joinable, comment="its results are to be joined"
        )
        is_submitted.when(has_reference, poll.check, comment="the provider has it")
        is_submitted.otherwise(prepare)

        route = poll.route
        route.when(next_is(Next.COLLECT), collect, comment="there are results")
        route.when(next_is(Next.SUBMIT), poll.submit, comment="it is prepared")
        route.when(next_is(Next.APPROVE), approve, comment="it needs an approval")
        route.when(next_is(Next.REQUESTS), requests, comment="it is a batch")
        route.when(next_is(Next.REPORT), joinable, comment="the batch is gathered")
        route.otherwise(conclude)

        collect.next(joinable)
        # Submit reads in the jobs table whether the job is approved, whatever has ended
        # the wait.
        approve.next(poll.submit)
        approve.add_catch(
            poll.submit,
            errors=[sfn.Errors.TIMEOUT],
            result_path=sfn.JsonPath.DISCARD,
        )
        approve.add_catch(poll.hold, result_path=sfn.JsonPath.DISCARD)
        prepare.next(route)
        requests.next(gather)
        gather.next(route)
        manifest.next(conclude)
        conclude.next(notify)
        notify.next(has_results)
        has_results.when(
            sfn.Condition.or_(
                sfn.Condition.string_equals("$.outcome", Outcome.SUCCEEDED),
                sfn.Condition.string_equals("$.outcome", Outcome.PARTIAL),
            ),
            delivered,
            comment="all or some of them",
        )
        has_results.otherwise(failed)

        # Of a job that another execution follows, nothing may be recorded or announced.
        begin.add_catch(
            repeated,
            errors=[JobAlreadyStarted.__name__],
            result_path=sfn.JsonPath.DISCARD,
        )
        begin.add_catch(conclude, errors=[JobEnded.__name__], result_path="$.failure")
        begin.add_catch(unrecorded)
        for state in (poll.submit, poll.check, prepare, requests, gather, manifest):
            state.add_catch(conclude, result_path="$.failure")
        conclude.add_catch(unrecorded)
        notify.add_catch(unrecorded)
        return begin
