"""What services deliver in their own name, with IAM in force."""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import apigateway_v1, cloudwatch, eventbridge

from local.emulator.authorization import refusal
from local.emulator.corrections.ministack_types import Alarm

_ACTIONS = {
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}


def service_principals() -> None:
    """Deliver to a queue, topic or function only if its policy allows the service.

    AWS: EventBridge, API Gateway and CloudWatch need a right of the resource's policy,
    and of the policy of a queue's or topic's key. Without it an event goes to the
    target's queue of dead letters, and API Gateway answers 500.
    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-to-api.html
    and https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    MiniStack: asks for no right.
    """
    invoke, dispatch = eventbridge._invoke_target, cloudwatch._dispatch_alarm_actions
    call = apigateway_v1._call_lambda_raw

    def invoke_target(
        target: dict[str, Any], event: object, rule: dict[str, Any], *args: object
    ) -> None:
        dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        if _may("events", target["Arn"], rule["Arn"]):
            invoke(target, event, rule, *args)
        elif dead_letters and _may("events", dead_letters, rule["Arn"]):
            invoke({"Arn": dead_letters}, event, rule, *args)

    def dispatch_alarm_actions(alarm: Alarm, *args: object) -> None:
        allowed = {
            field: [arn for arn in value if _may("cloudwatch", arn, alarm["AlarmArn"])]
            for field, value in alarm.items()
            if field.endswith("Actions") and isinstance(value, list)
        }
        dispatch({**alarm, **allowed}, *args)

    async def call_lambda(
        function: str, event: dict[str, Any], **scope: str
    ) -> tuple[Any, str | None]:
        request = event.get("requestContext", {})
        path = "/".join(
            "*" if part.startswith("{") else part
            for part in request.get("resourcePath", "/").split("/")
        )
        method = (
            f"arn:aws:execute-api:{scope['region']}:{scope['account_id']}:"
            f"{request.get('apiId')}/{request.get('stage')}/"
            f"{request.get('httpMethod')}{path}"
        )
        if not _may("apigateway", function, method):
            return None, "Invalid permissions on Lambda function"
        result: tuple[Any, str | None] = await call(function, event, **scope)
        return result

    eventbridge._invoke_target = invoke_target
    cloudwatch._dispatch_alarm_actions = dispatch_alarm_actions
    apigateway_v1._call_lambda_raw = call_lambda


def _may(service: str, resource: str, source: str) -> bool:
    """Return whether a service may deliver to a resource; of others, it always may."""
    action = _ACTIONS.get(resource.split(":")[2])
    context = {"aws:SourceAccount": get_account_id(), "aws:SourceArn": source}
    principal = f"{service}.amazonaws.com"
    return action is None or not refusal(principal, action, resource, context)
