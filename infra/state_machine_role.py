"""Machine: what the state machine itself may do."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from functions.core.keys import BATCHES_PREFIX
from infra.grants import READ_AND_WRITE_KEY
from infra.nag import acknowledge, logical_id


def grant_state_machine(
    machine: sfn.StateMachine,
    *functions: lambda_.Function,
    inbox: s3.Bucket,
    key: kms.IKey,
) -> None:
    """Let it use its key; accept what its tasks were granted by the CDK.

    The CDK's own statement for the key names a machine without a name, since ours
    has no physical one, so it would never hold.
    """
    key.grant(machine, *READ_AND_WRITE_KEY)
    acknowledge(
        machine,
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray and the delivery of logs know no resources.",
    )
    acknowledge(
        machine,
        f"AwsSolutions-IAM5[Resource::<{logical_id(inbox)}.Arn>/{BATCHES_PREFIX}*]",
        "Batches are not known before; it only reads the lists of their requests.",
    )
    _acknowledge_children(machine)
    for function in functions:
        acknowledge(
            machine,
            f"AwsSolutions-IAM5[Resource::<{logical_id(function)}.Arn>:*]",
            "The CDK allows a function's versions along with the function.",
        )


def _acknowledge_children(machine: sfn.StateMachine) -> None:
    """Accept what the CDK grants for the children of a Distributed Map."""
    name = logical_id(machine)
    executions = (
        "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
        f'{{"Fn::Select":[6,{{"Fn::Split":[":",{{"Ref":"{name}"}}]}}]}}'
    )
    for children in (f"{executions}:*", f"{executions}/*:*"):
        acknowledge(
            machine,
            f"AwsSolutions-IAM5[Resource::{children}]",
            "The executions of a Map have names of AWS' making.",
        )
