"""S3, its events and DynamoDB keep the promises that the project builds on."""

import base64
import json
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator.process import Emulator
from tests.emulator.polling import until

BODY = b"email,verdict\n" * 1000
PART = 5 * 1024 * 1024  # the least that S3 takes for any part but the last
LARGE = BODY * 400


@pytest.fixture
def bucket(emulator: Emulator) -> str:
    """A versioned bucket."""
    s3, name = emulator.client("s3"), f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def events(emulator: Emulator, bucket: str) -> Iterator[str]:
    """The URL of a queue that gets the bucket's events."""
    name = f"events-{uuid.uuid4()}"
    sqs, eventbridge = emulator.client("sqs"), emulator.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    emulator.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    eventbridge.put_rule(Name=name, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    eventbridge.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    yield url
    eventbridge.remove_targets(Rule=name, Ids=["queue"])
    eventbridge.delete_rule(Name=name)


@pytest.mark.holds("ranged_versions")
def test_a_range_of_a_version_is_no_more(emulator: Emulator, bucket: str) -> None:
    """A request of a batch is a part of an object, of the very version."""
    s3 = emulator.client("s3")
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"another")

    answer = s3.get_object(Bucket=bucket, Key="k", VersionId=version, Range="bytes=2-4")

    assert answer["Body"].read() == b"234"
    assert answer["ContentRange"] == "bytes 2-4/10"


@pytest.mark.holds("object_events")
def test_an_object_created_event_is_as_in_aws(
    emulator: Emulator, bucket: str, events: str
) -> None:
    """The identity of a job is made of bucket, key as it is, and version."""
    key = "ipqs/email/my list+ä.csv"
    put = emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=BODY)

    event = _received(emulator, events)

    assert event["source"] == "aws.s3"
    assert event["detail-type"] == "Object Created"
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert detail.keys() == {
        "version",
        "bucket",
        "object",
        "request-id",
        "requester",
        "source-ip-address",
        "reason",
    }
    assert (detail["bucket"], detail["reason"]) == ({"name": bucket}, "PutObject")
    sequencer = detail["object"].pop("sequencer")
    assert int(sequencer, 16) > 0
    assert detail["object"] == {
        "key": key,
        "size": len(BODY),
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
    }


@pytest.mark.holds("object_events")
def test_the_event_of_a_multipart_upload_has_a_version(
    emulator: Emulator, bucket: str, events: str
) -> None:
    """Large lists come that way."""
    done = _uploaded(emulator, bucket, "large.csv")

    detail = _received(emulator, events)["detail"]

    assert detail["reason"] == "CompleteMultipartUpload"
    assert detail["object"]["version-id"] == done["VersionId"]


@pytest.mark.holds("full_object_checksums")
def test_a_result_is_published_once(emulator: Emulator, bucket: str) -> None:
    """With the checksum of all its bytes; the second upload is refused with 412."""
    done = _uploaded(emulator, bucket, "result.csv", IfNoneMatch="*")
    assert done["ChecksumType"] == "FULL_OBJECT"

    with pytest.raises(ClientError) as refused:
        _uploaded(emulator, bucket, "result.csv", IfNoneMatch="*")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with pytest.raises(ClientError, match="PreconditionFailed"):
        emulator.client("s3").put_object(
            Bucket=bucket, Key="result.csv", Body=b"", IfNoneMatch="*"
        )


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"ChecksumCRC32": "AAAAAA=="}, id="checksum"),
        pytest.param({"MpuObjectSize": 1}, id="size"),
    ],
)
def test_a_wrong_checksum_or_size_is_refused(
    emulator: Emulator, bucket: str, wrong: dict[str, Any]
) -> None:
    """So that nothing incomplete becomes visible."""
    with pytest.raises(ClientError) as refused:
        _uploaded(emulator, bucket, "result.csv", **wrong)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="404"):
        emulator.client("s3").head_object(Bucket=bucket, Key="result.csv")


def test_a_version_stays_readable(emulator: Emulator, bucket: str) -> None:
    """The list that is submitted is the one that the event named."""
    s3 = emulator.client("s3")
    first = s3.put_object(Bucket=bucket, Key="list", Body=BODY)["VersionId"]
    s3.put_object(Bucket=bucket, Key="list", Body=b"other")

    read = s3.get_object(Bucket=bucket, Key="list", VersionId=first)

    assert b"".join(read["Body"].iter_chunks(1024)) == BODY
    assert s3.head_object(Bucket=bucket, Key="list")["ContentLength"] == len(b"other")


def test_a_conditional_write_has_one_winner(emulator: Emulator) -> None:
    """The ledger's intent is recorded before the POST, by one of us."""
    dynamodb, table = emulator.client("dynamodb"), f"jobs-{uuid.uuid4()}"
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )

    def intend(state: str) -> None:
        dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": "job"}},
            UpdateExpression="SET #s = :s",
            ConditionExpression="attribute_not_exists(id)",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": {"S": state}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    intend("first")

    with pytest.raises(ClientError, match="ConditionalCheckFailed") as refused:
        intend("second")
    response: dict[str, Any] = {**refused.value.response}
    assert response["Item"]["state"] == {"S": "first"}


def _uploaded(
    emulator: Emulator,
    bucket: str,
    key: str,
    **completion: Any,  # noqa: ANN401 - boto3's
) -> dict[str, Any]:
    """A multipart upload completed as the download function completes it."""
    s3, place = emulator.client("s3"), {"Bucket": bucket, "Key": key}
    upload = s3.create_multipart_upload(
        **place, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
    )["UploadId"]
    parts = [
        s3.upload_part(
            **place,
            UploadId=upload,
            PartNumber=number,
            Body=part,
            ChecksumAlgorithm="CRC32",
        )
        for number, part in enumerate((LARGE[:PART], LARGE[PART:]), start=1)
    ]
    etags = [
        {"PartNumber": number, "ETag": part["ETag"]}
        for number, part in enumerate(parts, start=1)
    ]
    done: dict[str, Any] = s3.complete_multipart_upload(
        **place,
        **{
            "UploadId": upload,
            "MultipartUpload": {"Parts": etags},
            "ChecksumType": "FULL_OBJECT",
            "ChecksumCRC32": _crc32(LARGE),
            "MpuObjectSize": len(LARGE),
            **completion,
        },
    )
    return done


def _crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def _received(emulator: Emulator, queue: str) -> dict[str, Any]:
    sqs = emulator.client("sqs")
    messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    event: dict[str, Any] = json.loads(messages[0]["Body"])
    return event
