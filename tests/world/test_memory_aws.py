"""AWS in memory: it answers as the emulator does, and refuses what it does not know."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from local.simulators.clock import Clock
from tests.world.memory_aws.dynamodb import DynamoDb, Table
from tests.world.memory_aws.errors import NotModelled, ServiceError
from tests.world.memory_aws.s3 import S3
from tests.world.memory_aws.service import Service, snake_case
from tests.world.memory_aws.small import SecretsManager, Sns
from tests.world.scheduler import Scheduler
from tests.world.state_machine import StateMachine

#: Makes a call, and returns its answer, or `{"error": code}`.
Call = Callable[..., dict[str, Any]]
_BUCKET, _TABLE, _INDEX = "compared-bucket", "compared-table", "by_month"
_DEFINITION = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}},
}
#: Members of answers that are compared; all others are not read by the product.
_COMPARED = frozenset(
    (
        "Attributes",
        "Item",
        "Items",
        "Count",
        "ScannedCount",
        "LastEvaluatedKey",
        "Body",
        "ContentLength",
        "ContentType",
        "ContentRange",
        "ETag",
        "Metadata",
        "SecretString",
        "DeleteMarker",
        "name",
        "status",
        "input",
        "error",
        "cause",
    )
)


def _claim(call: Call, token: str) -> dict[str, Any]:
    return call(
        "dynamodb",
        "UpdateItem",
        TableName=_TABLE,
        Key={"job_id": {"S": "a"}},
        UpdateExpression="SET #intent = :intent, #at = if_not_exists(#at, :at)",
        ConditionExpression="attribute_not_exists(intent) AND NOT #at > :limit",
        ExpressionAttributeNames={"#intent": "intent", "#at": "received_at"},
        ExpressionAttributeValues={
            ":intent": {"S": token},
            ":at": {"N": "12.50"},
            ":limit": {"N": "100"},
        },
        ReturnValues="ALL_NEW",
    )


def claims(call: Call) -> Iterator[object]:
    """Write under conditions, once successfully."""
    yield _claim(call, "first")
    yield _claim(call, "second")
    yield _get(call)


def _get(call: Call, key: str = "a") -> dict[str, Any]:
    return call(
        "dynamodb",
        "GetItem",
        TableName=_TABLE,
        Key={"job_id": {"S": key}},
        ConsistentRead=True,
    )


def _update(call: Call, update: str, condition: str = "", **values: Any) -> object:  # noqa: ANN401 - DynamoDB's
    optional: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
    if values:
        optional["ExpressionAttributeValues"] = {
            f":{name}": value for name, value in values.items()
        }
    return call(
        "dynamodb",
        "UpdateItem",
        TableName=_TABLE,
        Key={"job_id": {"S": "b"}},
        UpdateExpression=update,
        ReturnValues="ALL_NEW",
        **optional,
    )


def updates(call: Call) -> Iterator[object]:
    """Change, add and remove attributes."""
    yield _update(call, "SET polls = :one", one={"N": "1"})
    yield _update(call, "SET polls = polls + :two REMOVE gone", two={"N": "2"})
    yield _update(call, "ADD polls :half", half={"N": "0.5"})
    yield _update(call, "SET polls = absent + :one", one={"N": "1"})
    yield _update(
        call,
        "SET phase = :phase",
        "(polls < :few OR phase = :phase) AND attribute_exists(polls)",
        phase={"S": "x"},
        few={"N": "4"},
    )
    yield _update(
        call, "SET phase = :phase", "polls >= :few", phase={"S": "y"}, few={"N": "4"}
    )
    yield _update(call, "SET phase = :p", "phase <> :p", p={"S": "x"})
    yield _update(call, "SET phase = :p", "absent <> :p", p={"S": "z"})
    yield _update(call, "SET phase = :p", "absent = :p", p={"S": "z"})
    yield _update(
        call,
        "SET phase = :p",
        "polls BETWEEN :low AND :high AND phase IN (:q, :r)",
        p={"S": "w"},
        low={"N": "3"},
        high={"N": "4"},
        q={"S": "q"},
        r={"S": "z"},
    )
    yield _update(
        call, "SET phase = :p", "begins_with(phase, :w)", p={"S": "v"}, w={"S": "w"}
    )
    yield _get(call, "b")
    yield _get(call, "nothing")


def refused_updates(call: Call) -> Iterator[object]:
    """Call DynamoDB in ways that it refuses."""
    yield _update(call, "SET polls = :one")
    yield _update(call, "SET polls = :one", one={"N": "1"}, two={"N": "2"})
    yield _update(call, "SET polls = :one", "polls <", one={"N": "1"})
    yield _update(call, "SET job_id = :one", one={"S": "other"})
    yield _update(call, "SET polls = :one", one={"N": "one"})
    yield call(
        "dynamodb",
        "GetItem",
        TableName="none",
        Key={"job_id": {"S": "a"}},
        ConsistentRead=True,
    )
    yield call(
        "dynamodb",
        "GetItem",
        TableName=_TABLE,
        Key={"job_id": {"S": ""}},
        ConsistentRead=True,
    )
    yield call(
        "dynamodb",
        "GetItem",
        TableName=_TABLE,
        Key={"id": {"S": "a"}},
        ConsistentRead=True,
    )


def queries(call: Call) -> Iterator[object]:
    """Read an index page by page, newest first."""
    for number in range(3):
        yield call(
            "dynamodb",
            "PutItem",
            TableName=_TABLE,
            Item={
                "job_id": {"S": f"listed-{number}"},
                "month": {"S": "2026-11"},
                "received_at": {"N": str(number)},
                **({"outcome": {"S": "failed"}} if number else {}),
            },
        )
    query = {
        "TableName": _TABLE,
        "IndexName": _INDEX,
        "KeyConditionExpression": "#month = :month AND received_at BETWEEN :a AND :b",
        "ExpressionAttributeNames": {"#month": "month"},
        "ExpressionAttributeValues": {
            ":month": {"S": "2026-11"},
            ":a": {"N": "0"},
            ":b": {"N": "9"},
        },
        "ScanIndexForward": False,
    }
    yield call("dynamodb", "Query", **query)
    first = call("dynamodb", "Query", Limit=2, **query)
    yield first
    yield call(
        "dynamodb", "Query", ExclusiveStartKey=first["LastEvaluatedKey"], **query
    )
    yield call(
        "dynamodb", "Query", FilterExpression="attribute_exists(outcome)", **query
    )
    yield call("dynamodb", "Query", **{**query, "IndexName": "none"})


def _put(call: Call, key: str, body: bytes, **more: object) -> dict[str, Any]:
    return call("s3", "PutObject", Bucket=_BUCKET, Key=key, Body=body, **more)


def objects(call: Call) -> Iterator[object]:
    """Write and read objects, versions and ranges."""
    first = _put(call, "a", b"first", ContentType="text/csv", Metadata={"job-id": "7"})
    yield first
    yield _put(call, "a", b"second", IfNoneMatch="*")
    yield _put(call, "b", b"sum", ChecksumCRC32="AAAAAA==")
    yield _put(call, "a", b"second", ContentType="text/csv")
    at = {"Bucket": _BUCKET, "Key": "a"}
    yield call("s3", "HeadObject", **at)
    yield call("s3", "HeadObject", **at, VersionId=first["VersionId"])
    yield call("s3", "GetObject", **at)
    yield call("s3", "GetObject", **at, VersionId=first["VersionId"], Range="bytes=1-3")
    yield call("s3", "GetObject", **at, Range="bytes=2-99")
    yield call("s3", "GetObject", **at, Range="bytes=50-99")
    yield call("s3", "HeadObject", Bucket=_BUCKET, Key="none")
    yield call("s3", "GetObject", Bucket=_BUCKET, Key="none")
    yield call("s3", "GetObject", Bucket="no-such-bucket-here", Key="none")
    yield call("s3", "DeleteObject", **at)
    yield call("s3", "GetObject", **at)
    yield _put(call, "a", b"third", IfNoneMatch="*")


def uploads(call: Call) -> Iterator[object]:
    """Upload in parts, wrongly first."""

    def begin(key: str) -> dict[str, Any]:
        created = call(
            "s3",
            "CreateMultipartUpload",
            Bucket=_BUCKET,
            Key=key,
            ContentType="text/csv",
            Metadata={"job-id": "7"},
            ChecksumAlgorithm="CRC32",
            ChecksumType="FULL_OBJECT",
        )
        return {"Bucket": _BUCKET, "Key": key, "UploadId": created["UploadId"]}

    crc = "NhCmhg=="  # of b"hello"
    upload = begin("m")
    part = call(
        "s3", "UploadPart", **upload, PartNumber=1, Body=b"hello", ChecksumCRC32=crc
    )
    yield part
    yield call("s3", "UploadPart", **upload, PartNumber=2, Body=b"x", ChecksumCRC32=crc)
    whole = {
        "MultipartUpload": {
            "Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": crc}]
        },
        "MpuObjectSize": 5,
        "ChecksumCRC32": crc,
        "ChecksumType": "FULL_OBJECT",
        "IfNoneMatch": "*",
    }
    complete = "CompleteMultipartUpload"
    yield call("s3", complete, **upload, **{**whole, "MpuObjectSize": 6})
    yield call("s3", complete, **upload, **{**whole, "ChecksumCRC32": "AAAAAA=="})
    wrong = [{"PartNumber": 1, "ETag": '"0"', "ChecksumCRC32": crc}]
    yield call(
        "s3", complete, **upload, **{**whole, "MultipartUpload": {"Parts": wrong}}
    )
    yield call("s3", complete, **upload, **whole)
    yield call("s3", "GetObject", Bucket=_BUCKET, Key="m")
    again = begin("m")
    call("s3", "UploadPart", **again, PartNumber=1, Body=b"hello", ChecksumCRC32=crc)
    yield call("s3", complete, **again, **whole)
    yield call("s3", "AbortMultipartUpload", **again)
    yield call("s3", "AbortMultipartUpload", **again)


def small_services(call: Call) -> Iterator[object]:
    """Read a secret, and publish a notice."""
    yield call("secretsmanager", "GetSecretValue", SecretId="compared-secret")
    yield call("secretsmanager", "GetSecretValue", SecretId="no-such-secret")
    topic = "arn:aws:sns:us-east-1:000000000000:compared-topic"
    text = {"DataType": "String", "StringValue": "x"}
    attributes = {"job_id": text}
    yield call(
        "sns", "Publish", TopicArn=topic, Message="x", MessageAttributes=attributes
    )
    yield call("sns", "Publish", TopicArn=f"{topic}-none", Message="x")


def executions(call: Call) -> Iterator[object]:
    """Start, find and stop executions."""
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:courier"
    execution = machine.replace("stateMachine", "execution")
    start = {"stateMachineArn": machine, "name": "one", "input": "{}"}
    yield call("stepfunctions", "StartExecution", **start)
    yield call("stepfunctions", "StartExecution", **start)
    yield call("stepfunctions", "StartExecution", **{**start, "input": '{"a": 1}'})
    described = call(
        "stepfunctions", "DescribeExecution", executionArn=f"{execution}:one"
    )
    yield {name: described[name] for name in ("name", "status", "input")}
    yield call("stepfunctions", "DescribeExecution", executionArn=f"{execution}:none")
    yield call("stepfunctions", "StopExecution", executionArn=f"{execution}:none")
    stop = {"executionArn": f"{execution}:one", "error": "Cancelled", "cause": "why"}
    yield call("stepfunctions", "StopExecution", **stop)
    yield call("stepfunctions", "StopExecution", **stop)
    described = call(
        "stepfunctions", "DescribeExecution", executionArn=f"{execution}:one"
    )
    yield {name: described[name] for name in ("status", "error", "cause")}
    yield call("stepfunctions", "StartExecution", **start)
    history = call(
        "stepfunctions",
        "GetExecutionHistory",
        executionArn=f"{execution}:one",
        reverseOrder=True,
        maxResults=1,
    )
    yield [event["type"] for event in history["events"]]
    yield call("stepfunctions", "GetExecutionHistory", executionArn=f"{execution}:none")


SCRIPTS = (
    claims,
    updates,
    refused_updates,
    queries,
    objects,
    uploads,
    small_services,
    executions,
)


@pytest.fixture(scope="module")
def emulated() -> Iterator[Call]:
    """Return what calls an emulator with the same resources."""
    with Emulator.started(wait_scale=1.0) as emulator:
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        enabled = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration=enabled)
        emulator.client("dynamodb").create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
            AttributeDefinitions=[
                {"AttributeName": "job_id", "AttributeType": "S"},
                {"AttributeName": "month", "AttributeType": "S"},
                {"AttributeName": "received_at", "AttributeType": "N"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": _INDEX,
                    "KeySchema": [
                        {"AttributeName": "month", "KeyType": "HASH"},
                        {"AttributeName": "received_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        emulator.client("secretsmanager").create_secret(
            Name="compared-secret", SecretString="hush"
        )
        emulator.client("sns").create_topic(Name="compared-topic")
        emulator.client("stepfunctions").create_state_machine(
            name="courier",
            definition=json.dumps(_DEFINITION),
            roleArn="arn:aws:iam::000000000000:role/anyone",
        )

        def call(service: str, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS'
            method = getattr(emulator.client(service), snake_case(operation))
            try:
                return dict(method(**parameters))
            except ClientError as error:
                return {"error": error.response["Error"]["Code"]}

        yield call


def in_memory() -> Call:
    """Return what calls new services in memory."""
    scheduler = Scheduler(Clock())

    def no_task(resource: str, _parameters: object) -> object:
        raise NotModelled(resource)

    machine = StateMachine(
        _DEFINITION,
        scheduler=scheduler,
        call_task=no_task,
        ended=lambda _execution: None,
        random_=random.Random(0),
    )
    services: tuple[Service, ...] = (
        S3(_BUCKET),
        DynamoDb({_TABLE: Table("job_id", {_INDEX: ("month", "received_at")})}),
        SecretsManager({"compared-secret": "hush"}),
        Sns(frozenset({"arn:aws:sns:us-east-1:000000000000:compared-topic"})),
        machine,
    )
    by_name = {service.name: service for service in services}

    def call(service: str, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS'
        try:
            return dict(by_name[service].call(operation, parameters))
        except ServiceError as error:
            return {"error": error.code}

    return call


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_answers_as_the_emulator(
    emulated: Call, script: Callable[[Call], Iterator[object]]
) -> None:
    """What the product sees in a world is what it sees on the local stack."""
    expected = [_comparable(answer) for answer in script(emulated)]
    answers = [_comparable(answer) for answer in script(in_memory())]

    for number, (ours, theirs) in enumerate(zip(answers, expected, strict=True)):
        assert ours == theirs, f"answer {number}"


def test_refuses_what_it_does_not_know() -> None:
    """A parameter that is silently ignored would make a test worth nothing."""
    call = in_memory()

    with pytest.raises(NotModelled):
        call("s3", "PutObject", Bucket=_BUCKET, Key="a", Body=b"", Tagging="a=b")
    with pytest.raises(NotModelled):
        call("s3", "RestoreObject", Bucket=_BUCKET, Key="a")
    with pytest.raises(NotModelled):
        call("dynamodb", "GetItem", TableName=_TABLE, Key={"job_id": {"S": "a"}})


def _comparable(answer: object) -> object:
    """Return an answer without what is each side's own."""
    if not isinstance(answer, Mapping):
        return answer
    if "error" in answer:
        return dict(answer)
    kept = dict(answer)
    if "Body" in kept:
        kept["Body"] = kept["Body"].read()
    return {name: value for name, value in kept.items() if name in _COMPARED}
