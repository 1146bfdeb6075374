"""Saved queries of Logs Insights."""

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

Props = dict[str, Any]

_saved = AccountRegionScopedDict()


def saved_queries() -> None:
    """Keep query definitions, from the API and from a template.

    MiniStack knows neither.
    """
    actions = {
        "Logs_20140328.PutQueryDefinition": _put,
        "Logs_20140328.DescribeQueryDefinitions": _describe,
        "Logs_20140328.DeleteQueryDefinition": _delete,
    }
    handle = cloudwatch_logs.handle_request

    async def handle_request(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: Any,  # noqa: ANN401 - passed on
    ) -> Any:  # noqa: ANN401 - MiniStack's response
        action = actions.get(headers.get("x-amz-target", ""))
        if action is not None:
            return action(json.loads(body or b"{}"))
        return await handle(method, path, headers, body, query)

    cloudwatch_logs.handle_request = handle_request
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {
        "create": _create_in_stack,
        "update": _update_in_stack,
        "delete": _delete_in_stack,
    }


def _put(data: Props) -> Any:  # noqa: ANN401 - MiniStack's response
    identity = data.get("queryDefinitionId") or new_uuid()
    _saved[identity] = {
        "queryDefinitionId": identity,
        "name": data["name"],
        "queryString": data["queryString"],
        "logGroupNames": data.get("logGroupNames", []),
        "lastModified": int(time.time() * 1000),
    }
    return json_response({"queryDefinitionId": identity})


def _describe(data: Props) -> Any:  # noqa: ANN401 - MiniStack's response
    prefix = data.get("queryDefinitionNamePrefix", "")
    found = [one for one in _saved.values() if one["name"].startswith(prefix)]
    return json_response({"queryDefinitions": found})


def _delete(data: Props) -> Any:  # noqa: ANN401 - MiniStack's response
    if _saved.pop(data["queryDefinitionId"], None) is None:
        return error_response_json(
            "ResourceNotFoundException", "The query definition does not exist", 400
        )
    return json_response({"success": True})


def _create_in_stack(
    _logical_id: str, props: Props, _stack: str
) -> tuple[str, dict[str, str]]:
    return _update_in_stack(new_uuid(), {}, props, "")


def _update_in_stack(
    physical_id: str, _old: Props, new: Props, _stack: str
) -> tuple[str, dict[str, str]]:
    _put(
        {
            "queryDefinitionId": physical_id,
            "name": new["Name"],
            "queryString": new["QueryString"],
            "logGroupNames": new.get("LogGroupNames", []),
        }
    )
    return physical_id, {"QueryDefinitionId": physical_id}


def _delete_in_stack(physical_id: str, _props: Props) -> None:
    _saved.pop(physical_id, None)
