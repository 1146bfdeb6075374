"""Saved queries of CloudWatch Logs Insights."""

import json
import time
from typing import Any

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    json_response,
    new_uuid,
)
from ministack.services import cloudwatch_logs
from ministack.services.cloudformation import provisioners

from local.emulator.corrections.ministack_types import Props, Response

_definitions = AccountRegionScopedDict()


def saved_queries() -> None:
    """Store query definitions, through the API and in a template.

    AWS: Logs Insights keeps queries by name.
    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
    MiniStack: knows neither the API nor the resource type.
    """
    actions = {
        "Logs_20140328.PutQueryDefinition": _put,
        "Logs_20140328.DescribeQueryDefinitions": _describe,
        "Logs_20140328.DeleteQueryDefinition": _delete,
    }
    handle = cloudwatch_logs.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: object
    ) -> Response:
        action = actions.get(headers.get("x-amz-target", ""))
        if action is not None:
            return action(json.loads(body or b"{}"))
        return await handle(method, path, headers, body, query)

    cloudwatch_logs.handle_request = handle_request
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {
        "create": lambda _id, props, stack: _update(new_uuid(), {}, props, stack),
        "update": _update,
        "delete": lambda physical_id, _props: _definitions.pop(physical_id, None),
    }


def _put(data: dict[str, Any]) -> Response:
    query_id = data.get("queryDefinitionId") or new_uuid()
    _definitions[query_id] = {
        "queryDefinitionId": query_id,
        "name": data["name"],
        "queryString": data["queryString"],
        "logGroupNames": data.get("logGroupNames", []),
        "lastModified": int(time.time() * 1000),
    }
    return json_response({"queryDefinitionId": query_id})


def _describe(data: dict[str, Any]) -> Response:
    prefix = data.get("queryDefinitionNamePrefix", "")
    matching = [
        definition
        for definition in _definitions.values()
        if definition["name"].startswith(prefix)
    ]
    return json_response({"queryDefinitions": matching})


def _delete(data: dict[str, Any]) -> Response:
    if _definitions.pop(data["queryDefinitionId"], None) is None:
        return error_response_json(
            "ResourceNotFoundException", "The query definition does not exist", 400
        )
    return json_response({"success": True})


def _update(
    physical_id: str, _old: Props, new: Props, _stack: str
) -> tuple[str, Props]:
    _put(
        {
            "queryDefinitionId": physical_id,
            "name": new["Name"],
            "queryString": new["QueryString"],
            "logGroupNames": new.get("LogGroupNames", []),
        }
    )
    return physical_id, {"QueryDefinitionId": physical_id}
