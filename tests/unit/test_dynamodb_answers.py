"""DynamoDB answers: they are read faster than botocore does, and no differently."""

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from functions.aws import clients

_ATTRIBUTES = st.one_of(
    st.builds(lambda text: {"S": text}, st.text()),
    st.builds(lambda number: {"N": repr(number)}, st.floats(allow_nan=False)),
    st.builds(lambda text: {"M": {"inner": {"S": text}}}, st.text()),
    st.builds(lambda text: {"L": [{"S": text}, {"BOOL": True}]}, st.text()),
)
_ITEMS = st.lists(st.dictionaries(st.text(min_size=1), _ATTRIBUTES, max_size=4))


class Raw(BytesIO):
    """The body of an answer as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self.read()


class Answering:
    """A client of DynamoDB whose calls get one answer."""

    def __init__(self, *, plainly: bool) -> None:
        self.answer = b""
        self.status = 200
        session = boto3.Session("key", "secret", region_name="us-east-1")
        self.client: Any = session.client("dynamodb", config=clients._CONFIG)
        events: Any = self.client.meta.events
        events.register("before-send.dynamodb", self._answer)
        if plainly:
            events.register("before-parse.dynamodb", clients.parse_plainly)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(request.url, self.status, HTTPHeaders(), Raw(self.answer))

    def query(self, answer: bytes, *, status: int = 200) -> Mapping[str, Any]:
        """Return what a query says of an answer."""
        self.answer, self.status = answer, status
        response: Any = self.client.query(
            TableName="jobs",
            KeyConditionExpression="job_id = :id",
            ExpressionAttributeValues={":id": {"S": "id"}},
        )
        del response["ResponseMetadata"]
        return dict(response)


@pytest.fixture(scope="module")
def plain() -> Answering:
    """Return a client that reads answers plainly."""
    return Answering(plainly=True)


@pytest.fixture(scope="module")
def usual() -> Answering:
    """Return a client as boto3 makes it."""
    return Answering(plainly=False)


@given(items=_ITEMS, goes_on=st.booleans())
def test_answers_are_read_as_botocore_reads_them(
    plain: Answering, usual: Answering, items: list[Any], goes_on: bool
) -> None:
    """A difference would be one between what is stored and what the steps see."""
    answer = {
        "Items": items,
        "Count": len(items),
        "LastEvaluatedKey": {"job_id": {"S": "last"}} if goes_on else None,
    }
    body = json.dumps(answer).encode()

    assert plain.query(body) == usual.query(body)


@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_what_is_no_answer_is_left_to_botocore(
    plain: Answering, usual: Answering, body: bytes
) -> None:
    """Proxies answer in their own way, and their answers have no items either way."""
    assert plain.query(body) == usual.query(body)


def test_errors_are_left_to_botocore(plain: Answering) -> None:
    """Their names decide whether a call is repeated."""
    body = json.dumps({"__type": "x#ConditionalCheckFailedException"}).encode()

    with pytest.raises(ClientError) as raised:
        plain.query(body, status=400)

    assert clients.error_code(raised.value) == "ConditionalCheckFailedException"


def test_the_functions_client_reads_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of jobs takes twice as long with botocore's own reading of each value.

    Only botocore drops what its model of the service does not know.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client: Any = clients.dynamodb.__wrapped__()
    body = json.dumps({"Item": {}, "Unknown": True}).encode()

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw(body))

    client.meta.events.register("before-send.dynamodb", answer)
    read = client.get_item(TableName="jobs", Key={"job_id": {"S": "id"}})

    assert read["Unknown"]
