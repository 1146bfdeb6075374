"""The ResultWriter of a distributed Map, which puts the results into S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import json
from typing import Any

from ministack.services import s3
from ministack.services import stepfunctions as sfn

from local.emulator.corrections import machine_role, map_run
from local.emulator.corrections.map_run import MapRun
from local.emulator.corrections.ministack_types import State
from local.emulator.corrections.paths import runtime_error

_FIELDS = {"Resource", "Parameters", "WriterConfig"}
_CONFIG = {"OutputType": "JSONL", "Transformation": "COMPACT"}
_OK = 200


def refuse_unsupported(state: State) -> None:
    """Refuse what the emulator cannot write: one of AWS' formats is enough for us."""
    writer = state.get("ResultWriter")
    if writer is None:
        return
    if writer.keys() != _FIELDS or writer["WriterConfig"] != _CONFIG:
        raise runtime_error(
            "The emulator supports ResultWriter with Resource, Parameters and the "
            "WriterConfig JSONL, COMPACT only"
        )


def output(run: MapRun) -> object:
    """Return the output of a Map whose children have ended, or its place in S3."""
    children = [child for child in run.children if child is not None]
    if "ResultWriter" not in run.state:
        return [map_run.result(child) for child in children]
    parameters = sfn._resolve_params_obj(
        run.state["ResultWriter"]["Parameters"], run.effective, run.ctx
    )
    bucket = parameters["Bucket"]
    prefix = "/".join(
        part
        for part in (
            parameters.get("Prefix", "").strip("/"),
            run.record["mapRunArn"].rpartition(":")[2],
        )
        if part
    )
    files: dict[str, list[dict[str, Any]]] = {
        "FAILED": [],
        "PENDING": [],
        "SUCCEEDED": [],
    }
    for status, described in files.items():
        lines = [
            json.dumps(map_run.result(child)).encode() + b"\n"
            for child in children
            if (child["status"] == "SUCCEEDED") is (status == "SUCCEEDED")
        ]
        if lines and status != "PENDING":
            key, content = f"{prefix}/{status}_0.jsonl", b"".join(lines)
            _put(bucket, key, content)
            described.append({"Key": key, "Size": len(content)})
    manifest = {
        "DestinationBucket": bucket,
        "MapRunArn": run.record["mapRunArn"],
        "ResultFiles": files,
    }
    key = f"{prefix}/manifest.json"
    _put(bucket, key, json.dumps(manifest).encode())
    for counts in (run.record["itemCounts"], run.record["executionCounts"]):
        counts["resultsWritten"] = len(children)
    return {
        "MapRunArn": run.record["mapRunArn"],
        "ResultWriterDetails": {"Bucket": bucket, "Key": key},
    }


def _put(bucket: str, key: str, content: bytes) -> None:
    denial = machine_role.denial_of("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
    if not denial:
        status, _headers, body = s3._put_object(bucket, key, content, {})
        denial = "" if status == _OK else bytes(body).decode()
    if denial:
        raise sfn._ExecutionError("States.ResultWriterFailed", denial)
