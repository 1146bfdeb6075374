"""What a state machine does by its role, with IAM in force."""

import contextvars
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import stepfunctions as sfn

from local.emulator.authorization import refusal, session_arn
from local.emulator.corrections.ministack_types import Context, Execution, State
from local.emulator.corrections.paths import runtime_error

_role: contextvars.ContextVar[str] = contextvars.ContextVar("machine_role", default="")
#: By the integration: the right, the parameter with its resource, the denial's name.
_TASKS = {
    "lambda:invoke": (
        "lambda:InvokeFunction",
        "FunctionName",
        "Lambda.AWSLambdaException",
    ),
    "sns:publish": ("sns:Publish", "TopicArn", "SNS.AuthorizationErrorException"),
}


def denial_of(action: str, resource: str) -> str:
    """Return why the machine that runs may not do something; empty if it may."""
    return refusal(_role.get(), action, resource) if _role.get() else ""


def machine_role() -> None:
    """Judge what a state machine does as done by its own role.

    AWS: tasks, item readers and the children of a distributed Map need rights of the
    machine's role, whoever started the execution. A denied task is reported as
    Lambda.AWSLambdaException, and as SNS.AuthorizationErrorException.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html,
    the names seen on AWS in https://github.com/awslabs/aws-deployment-framework/issues/460
    MiniStack: asks for no right, and judges a publication by the starter's rights.
    """
    run, invoke, read = sfn._run_execution, sfn._invoke_resource, sfn._s3_object_text
    run_map = sfn._run_distributed_map

    def run_execution(arn: str) -> None:
        machine = sfn._state_machines.get(sfn._executions[arn]["stateMachineArn"]) or {}
        role = machine.get("roleArn", "")
        # A copy, because a synchronous execution runs in the context of its request.
        context = contextvars.copy_context()
        context.run(_role.set, role)
        context.run(iam_evaluator._request_caller_arn.set, session_arn(role))
        context.run(run, arn)

    def invoke_resource(resource: str, data: Any) -> object:  # noqa: ANN401 - any JSON
        name = resource.rpartition(":::")[2]
        if app.AUTH and name not in _TASKS:
            raise runtime_error(f"The emulator does not know what right {name} needs")
        if app.AUTH:
            action, parameter, error = _TASKS[name]
            if denial := refusal(_role.get(), action, data[parameter]):
                raise sfn._ExecutionError(error, denial)
        return invoke(resource, data)

    def object_text(bucket: str, key: str) -> str:
        place = f"arn:aws:s3:::{bucket}/{key}"
        if denial := refusal(_role.get(), "s3:GetObject", place):
            raise sfn._ExecutionError("States.ItemReaderFailed", denial)
        text: str = read(bucket, key)
        return text

    def run_distributed_map(
        state: State,
        data: object,
        effective: object,
        processor: State,
        parent: Execution,
        ctx: Context,
    ) -> object:
        machine = parent["stateMachineArn"]
        if denial := refusal(_role.get(), "states:StartExecution", machine):
            raise sfn._ExecutionError("States.Runtime", denial)
        return run_map(state, data, effective, processor, parent, ctx)

    sfn._run_execution, sfn._invoke_resource = run_execution, invoke_resource
    sfn._s3_object_text, sfn._run_distributed_map = object_text, run_distributed_map
