"""Collection: build the states that fetch results, and join them to their records."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.functions import Functions
from infra.task_defaults import download_task, lambda_task


def collect_map(scope: Construct, download: lambda_.Function) -> sfn.Map:
    """Return the Map that downloads one result after the other.

    Never two at once: the links of one status call may invalidate older links.
    """
    copy = download_task(
        scope,
        "Download",
        download,
        "Copy one result through a link of its own",
        job="$.job",
        kind="$.kind",
    )
    missed = sfn.Pass(
        scope,
        "Missed",
        comment="Note the error and go on with the other results",
        parameters={
            "kind": sfn.JsonPath.string_at("$.kind"),
            "error": sfn.JsonPath.string_at("$.failure.Error"),
        },
    )
    copy.add_catch(missed, result_path="$.failure")
    collect = sfn.Map(
        scope,
        "Collect",
        comment="Download one result at a time: new links may end older ones",
        max_concurrency=1,
        items_path="$.kinds",
        item_selector={
            "job": sfn.JsonPath.object_at("$"),
            "kind": sfn.JsonPath.string_at("$$.Map.Item.Value"),
        },
        result_path="$.files",
    )
    return collect.item_processor(copy)


def join_records(
    scope: Construct, functions: Functions, *, then: sfn.IChainable
) -> sfn.Choice:
    """Return the state that sends to Join what has records, and all to `then` later.

    What the provider has delivered is not lost where Join fails for good.
    """
    joinable = sfn.Choice(
        scope, "Joinable", comment="Have we the records that the results are of?"
    )
    join = lambda_task(
        scope, "Join", functions.join, "Put the verdicts beside the records"
    )
    unjoined = sfn.Pass(
        scope,
        "Unjoined",
        comment="Note the error: the results are delivered all the same",
        parameters={"error": sfn.JsonPath.string_at("$.joined.Error")},
        result_path="$.joined",
    )
    records = "$.prepared.records_version_id"
    joinable.when(
        sfn.Condition.and_(
            sfn.Condition.is_present(records),
            sfn.Condition.string_greater_than(records, ""),
        ),
        join,
        comment="Prepare has written them",
    )
    joinable.otherwise(then)
    join.add_catch(unjoined, result_path="$.joined")
    join.next(then)
    unjoined.next(then)
    return joinable
