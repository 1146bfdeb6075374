"""Workflow: the way of a job, from its submission to the notice of its end.

    Known ─┬─ no ──► Submit ◄── Hold
           └─ yes ─► Check  ◄── Wait, or Listen where the provider sends webhooks
                       │
              Route ◄──┴── (Submit, too)
                │ hold ► Hold    wait ► Wait    listen ► Listen
                │ collect ► Collect (a Download per kind) ► Manifest ─┐
                │ prepare ► Prepare ► Requests (a poll each) ► Gather │
                │             back to Route, with  report ► Manifest ─┤
                └ otherwise ─────────────────────────────────────────►┴ Conclude
                                                                          │
                                          Delivered ◄─┬─ Judge ◄─ Notify ◄┘
                                             Failed ◄─┘

Whatever a task cannot mend is caught and concluded, so that every outcome is
written down and told. The state is a `functions.core.model.Job`.
"""

from functools import partial

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from functions.core.model import Next, Outcome
from functions.core.notice import MESSAGE_ATTRIBUTES, MESSAGE_FIELDS
from infra.batch_map import batch_map
from infra.functions import Functions
from infra.poll_loop import PollLoop, next_is
from infra.task_defaults import (
    GRACE,
    RETRIED_ERRORS,
    lambda_task,
    retry,
    retry_provider_errors,
)


class Workflow(Construct):
    """The state machine, its log group and nothing else."""

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
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)

        task = partial(lambda_task, self)
        poll = PollLoop(self, functions=functions)
        written = task("Manifest", functions.manifest, "Say what the job brought")
        concluded = task("Conclude", functions.conclude, "Write down how the job ended")
        prepared = task("Prepare", functions.prepare, "Make requests of a batch's rows")
        gathered = task("Gather", functions.gather, "Make one result, a line a row")
        requested = batch_map(
            self,
            functions=functions,
            inbox=inbox,
            max_concurrency=batch_max_concurrency,
        )
        collected = self._collect(functions.download)
        notified = self._notify(topic, results)
        failed = sfn.Fail(
            self,
            "Failed",
            comment="The console shows the error's name, and what to do",
            error_path="$.error",
            cause_path="$.advice",
        )
        unrecorded = sfn.Fail(
            self,
            "Unrecorded",
            comment="The job ended, but nobody could be told",
            error="Unrecorded",
            cause="The jobs table or the topic did not take the outcome. "
            "Retry the job when they do.",
        )

        known = sfn.Choice(self, "Known", comment="Is it at the provider already?")
        known.when(
            sfn.Condition.and_(
                sfn.Condition.is_present("$.provider_ref"),
                sfn.Condition.string_greater_than("$.provider_ref", ""),
            ),
            poll.checked,
            comment="it is",
        )
        known.otherwise(poll.submitted)

        for step, way, why in (
            (Next.COLLECT, collected, "there are results"),
            (Next.PREPARE, prepared, "it is a batch"),
            (Next.REPORT, written, "the batch is gathered"),
        ):
            poll.route.when(next_is(step), way, comment=why)
        poll.route.otherwise(concluded)

        prepared.next(requested).next(gathered).next(poll.route)
        collected.next(written).next(concluded).next(notified)

        judge = sfn.Choice(self, "Judge", comment="Was there something to deliver?")
        well = (Outcome.SUCCEEDED, Outcome.PARTIAL)
        judge.when(
            sfn.Condition.or_(
                *(sfn.Condition.string_equals("$.outcome", one) for one in well)
            ),
            sfn.Succeed(self, "Delivered", comment="The manifest says what there is"),
            comment="there was",
        )
        judge.otherwise(failed)
        notified.next(judge)

        for one in (prepared, gathered, written, concluded):
            retry(one, RETRIED_ERRORS)
        poll.catch(concluded)
        for caught in (prepared, requested, gathered, written):
            caught.add_catch(concluded, result_path="$.failure")
        for last in (concluded, notified):
            last.add_catch(unrecorded)

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
            definition_body=sfn.DefinitionBody.from_chainable(known),
            comment="The way of a job, from its submission to the notice of its end",
            timeout=timeout,
            encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(key),
            logs=sfn.LogOptions(
                destination=self.log_group,
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            tracing_enabled=True,
            removal_policy=removal_policy,
        )

    def _collect(self, download: lambda_.Function) -> sfn.Map:
        """One Download after the other: new links may end older ones."""
        each = lambda_task(
            self,
            "Download",
            download,
            "Copy one result, by a link of its own",
            payload=sfn.TaskInput.from_object(
                {
                    "job": sfn.JsonPath.object_at("$.job"),
                    "kind": sfn.JsonPath.string_at("$.kind"),
                    "attempt": sfn.JsonPath.number_at("$$.State.RetryCount"),
                }
            ),
        )
        missed = sfn.Pass(
            self,
            "Missed",
            comment="The other results are fetched all the same",
            parameters={
                "kind": sfn.JsonPath.string_at("$.kind"),
                "error": sfn.JsonPath.string_at("$.failure.Error"),
            },
        )
        retry_provider_errors(each)
        retry(each, RETRIED_ERRORS)  # the first rule that names an error is the one
        each.add_catch(missed, result_path="$.failure")
        collect = sfn.Map(
            self,
            "Collect",
            comment="One result at a time: new links may end older ones",
            max_concurrency=1,
            items_path="$.kinds",
            item_selector={
                "job": sfn.JsonPath.object_at("$"),
                "kind": sfn.JsonPath.string_at("$$.Map.Item.Value"),
            },
            result_path="$.files",
        )
        return collect.item_processor(each)

    def _notify(self, topic: sns.ITopic, results: s3.IBucket) -> tasks.SnsPublish:
        task = tasks.SnsPublish(
            self,
            "Notify",
            comment="Tell how the job ended: keys only, no content",
            topic=topic,
            message=sfn.TaskInput.from_object(
                {name: sfn.JsonPath.string_at(f"$.{name}") for name in MESSAGE_FIELDS}
                | {"results_bucket": results.bucket_name}
            ),
            message_attributes={
                name: tasks.MessageAttribute(
                    value=sfn.JsonPath.string_at(f"$.{name}"),
                    data_type=tasks.MessageAttributeDataType.STRING,
                )
                for name in MESSAGE_ATTRIBUTES
            },
            task_timeout=sfn.Timeout.duration(GRACE),
            result_path=sfn.JsonPath.DISCARD,
        )
        retry(task, (sfn.Errors.TASKS_FAILED, sfn.Errors.TIMEOUT))
        return task
