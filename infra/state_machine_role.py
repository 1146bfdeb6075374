"""State machine role: allow the state machine what its states need."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from functions.core.keys import ANSWERS_PREFIX, BATCHES_PREFIX
from infra.grants import READ_AND_WRITE_KEY
from infra.nag import acknowledge, logical_id


def grant_state_machine(
    machine: sfn.StateMachine,
    *functions: lambda_.Function,
    inbox: s3.Bucket,
    key: kms.IKey,
) -> None:
    """Allow the use of the key, and acknowledge what the CDK granted for the states.

    The CDK's own grant of the key never applies: its condition contains the physical
    name of the machine, and ours has none.
    """
    key.grant(machine, *READ_AND_WRITE_KEY)
    acknowledge(
        machine,
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray and the delivery of logs have no resources.",
    )
    acknowledge(
        machine,
        f"AwsSolutions-IAM5[Resource::<{logical_id(inbox)}.Arn>/{BATCHES_PREFIX}*]",
        "Batches are not known at deployment; it only reads their request lists.",
    )
    acknowledge(
        machine,
        f"AwsSolutions-IAM5[Resource::<{logical_id(inbox)}.Arn>/{ANSWERS_PREFIX}*]",
        "AWS chooses the names of what a Distributed Map writes.",
    )
    executions = (
        "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
        f'{{"Fn::Select":[6,{{"Fn::Split":[":",{{"Ref":"{logical_id(machine)}"}}]}}]}}'
    )
    for resource in (f"{executions}:*", f"{executions}/*:*"):
        acknowledge(
            machine,
            f"AwsSolutions-IAM5[Resource::{resource}]",
            "AWS chooses the names of a Distributed Map's executions.",
        )
    for function in functions:
        acknowledge(
            machine,
            f"AwsSolutions-IAM5[Resource::<{logical_id(function)}.Arn>:*]",
            "The CDK allows a function's versions along with the function.",
        )
