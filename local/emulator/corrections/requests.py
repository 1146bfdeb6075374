"""What a request is judged by, and what a function is told of it."""

import json
from typing import Any

from ministack.core import iam_actions
from ministack.services import apigateway_v1, dynamodb

from local.emulator.corrections import callbacks


def leading_keys() -> None:
    """Judge a request for an item by the value of its partition key.

    AWS: `dynamodb:LeadingKeys` is the partition key of the items that are asked for.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    MiniStack: has no such key, without which ForAllValues holds.
    """
    context_of = iam_actions.dynamodb_service_context

    def service_context(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        request = json.loads(body or b"{}")
        table = dynamodb._tables.get(request.get("TableName"))
        item = request.get("Key") or request.get("Item")
        if table and item:
            value = item.get(table["pk_name"]) or {}
            context["dynamodb:LeadingKeys"] = [str(v) for v in value.values()]
        return context

    iam_actions.dynamodb_service_context = service_context


def task_token_resource() -> None:
    """Judge the answer to a task by the state machine that waits for it.

    AWS: SendTaskSuccess and its like need a right on the state machine.
    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html,
    seen on AWS in https://github.com/aws/aws-cdk/issues/8486
    MiniStack: judges it by `*`, which a grant on the state machine does not match.
    """
    resource_of = iam_actions.extract_resource_arn

    def resource_arn(service: str, *args: Any) -> str:  # noqa: ANN401 - passed on
        body = args[3]
        if service == "states" and b'"taskToken"' in body:
            token = json.loads(body)["taskToken"]
            return callbacks.machine_of(token) or "*"
        found: str = resource_of(service, *args)
        return found

    iam_actions.extract_resource_arn = resource_arn


def versioned_deletes() -> None:
    """Judge the deletion of many versions as that of each version.

    AWS: DeleteObjects needs s3:DeleteObjectVersion for an object with a version.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    MiniStack: asks for s3:DeleteObject on the first one, whatever it names.
    """
    action_of = iam_actions.extract_iam_action

    def iam_action(service: str, method: str, *request: Any) -> str | None:  # noqa: ANN401 - passed on
        action: str | None = action_of(service, method, *request)
        path, _headers, body, parameters = request
        if (service, method) == ("s3", "POST") and "delete" in parameters:
            targets = iam_actions._s3_batch_delete_targets(path.strip("/"), body)
            if targets and targets[0][1]:
                return "s3:DeleteObjectVersion"
        return action

    iam_actions.extract_iam_action = iam_action


def client_path() -> None:
    """Pass a function the path of the client's URL, so that it can make links of it.

    AWS: `requestContext.path` is what stands behind the host, with the stage or with
    the path of a custom domain.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    MiniStack: leaves out what its own URLs have before the stage.
    """
    build = apigateway_v1._build_lambda_event_v1

    def build_event(api: str, stage: str, *args: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
        event: dict[str, Any] = build(api, stage, *args, **options)
        headers = {name.lower(): value for name, value in event["headers"].items()}
        if not str(headers.get("host", "")).startswith(f"{api}."):
            root = f"/restapis/{api}/{stage}/_user_request_"
            event["requestContext"]["path"] = root + event["path"]
        return event

    apigateway_v1._build_lambda_event_v1 = build_event
