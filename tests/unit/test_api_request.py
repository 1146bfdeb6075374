"""API requests are read strictly, although API Gateway validates them, too."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.api import problems
from functions.api.problems import Problem
from functions.api.request import ApiRequest, read_request
from functions.api.routes import MAX_BODY_BYTES, operations

OPERATIONS = {
    op.name: op
    for op in operations({"ipqs": ("email", "phone")}, {"ipqs": (".csv", ".xlsx")})
}
START = OPERATIONS["startJob"]
UPLOAD = OPERATIONS["createUpload"]
BODY = {"provider": "ipqs", "type": "email", "provider_ref": "17"}


def event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member of an event
    """Return an event of API Gateway with some members changed."""
    defaults: dict[str, Any] = {
        "path": "/jobs",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"path": "/prod/jobs", "identity": {"accountId": "1"}},
        "body": json.dumps(BODY),
        "isBase64Encoded": False,
    }
    return defaults | changes


def test_a_request_is_read_completely() -> None:
    """Links in the response begin with the stage, as the client's path does."""
    headers = {"idempotency-key": ["k"], "content-type": ["application/json"]}

    request = read_request(event(multiValueHeaders=headers), START)

    assert request.body == BODY
    assert request.idempotency_key == "k"
    assert request.jobs == "/prod/jobs"


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("june-1", "june-1"),
        ('"june-1"', "june-1"),
        (r'"a\"b\\c"', r'a"b\c'),
        ('"', '"'),
        ('""', '""'),
        ('"half', '"half'),
        ('"a"b"', '"a"b"'),
    ],
)
def test_a_key_in_quotes_is_the_same_key(header: str, key: str) -> None:
    """The standard quotes it, most clients do not: one request must not be two jobs."""
    headers = {"Idempotency-Key": [header]}

    assert read_request(event(multiValueHeaders=headers), START).idempotency_key == key


@pytest.mark.parametrize(
    ("arn", "caller"),
    [
        ("arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/ann"),
        ("arn:aws:sts::1:assumed-role/R/monday", "arn:aws:sts::1:assumed-role/R"),
        ("arn:aws-cn:sts::1:assumed-role/R/x", "arn:aws-cn:sts::1:assumed-role/R"),
    ],
)
def test_a_role_is_the_same_caller_in_every_session(arn: str, caller: str) -> None:
    """A program that repeats its idempotency key tomorrow must find its job."""
    context = {"path": "/jobs", "identity": {"userArn": arn}}

    assert read_request(event(requestContext=context), START).caller == caller


@pytest.mark.parametrize(
    ("changes", "problem_type"),
    [
        pytest.param({"body": None}, problems.REQUEST_INVALID, id="no body"),
        pytest.param({"body": "[]"}, problems.REQUEST_INVALID, id="a list"),
        pytest.param({"body": "{" * 9_999}, problems.REQUEST_INVALID, id="deep"),
        pytest.param({"body": '"\\ud800"'}, problems.REQUEST_INVALID, id="surrogate"),
        pytest.param({"body": "\ud800"}, problems.REQUEST_INVALID, id="raw surrogate"),
        pytest.param(
            {"body": " " * (MAX_BODY_BYTES + 1)}, problems.TOO_LARGE, id="large"
        ),
        pytest.param(
            {"headers": {"content-type": "text/csv"}}, problems.NOT_JSON, id="CSV"
        ),
        pytest.param(
            {"body": "%", "isBase64Encoded": True},
            problems.REQUEST_INVALID,
            id="not base64",
        ),
        pytest.param(
            {"multiValueHeaders": {"Idempotency-Key": ["a", "b"]}},
            problems.REQUEST_INVALID,
            id="two keys",
        ),
        pytest.param(
            {"multiValueHeaders": {"Idempotency-Key": ["é"]}},
            problems.REQUEST_INVALID,
            id="key not ASCII",
        ),
        pytest.param(
            {"multiValueQueryStringParameters": {"x": ["1"]}},
            problems.REQUEST_INVALID,
            id="unknown parameter",
        ),
    ],
)
@pytest.mark.fault(87)
def test_a_request_that_does_not_match_is_a_problem(
    changes: dict[str, Any], problem_type: problems.ProblemType
) -> None:
    """The function does not rely on the validation by API Gateway."""
    with pytest.raises(Problem) as caught:
        read_request(event(**changes), START)

    assert caught.value.type is problem_type


@given(body=st.binary())
@pytest.mark.fault(87)
def test_any_bytes_are_a_request_or_a_problem(body: bytes) -> None:
    """Any other exception would be a 502."""
    encoded = base64.b64encode(body).decode()

    with suppress(Problem):
        read_request(event(body=encoded, isBase64Encoded=True), START)


@pytest.mark.fault(88)
@pytest.mark.parametrize(
    "job_id",
    [
        *("", "x", "/", "..", "%00", "\x00", "a" * 7, "a" * 65, "A" * 64, "x" * 3_000),
        "a" * 64 + "\n",
        "\u0660" * 64,  # digits of another script
    ],
)
@pytest.mark.parametrize("name", [n for n, op in OPERATIONS.items() if "{" in op.path])
def test_no_job_has_an_id_of_another_form(name: str, job_id: str) -> None:
    """The table would refuse a long key, which is no fault of ours to alarm about."""
    with pytest.raises(Problem) as caught:
        read_request(event(pathParameters={"job_id": job_id}), OPERATIONS[name])

    assert caught.value.type is problems.JOB_NOT_FOUND


@given(
    value=st.text(max_size=20) | st.sampled_from("/aé0\x00 ").map(lambda c: c * 3_000),
    name=st.sampled_from(sorted(OPERATIONS)),
)
@pytest.mark.fault(87)
def test_any_parameter_is_read_or_a_problem(value: str, name: str) -> None:
    """Any other exception would be a 502."""
    operation = OPERATIONS[name]
    query = {p.name: [value] for p in operation.parameters_in("query")}
    headers = {p.name: [value] for p in operation.parameters_in("header")}

    with suppress(Problem):
        read_request(
            event(
                multiValueQueryStringParameters=query,
                multiValueHeaders=headers,
                headers={"Content-Type": value},
                pathParameters={"job_id": value},
            ),
            operation,
        )


@pytest.mark.fault(87)
def test_a_key_is_limited_in_bytes() -> None:
    """S3 has no longer key, so its job would fail as if AWS had refused a right."""
    longest = {"key": "ipqs/email/" + "é" * 506, "version_id": "v1"}
    longer = {"key": "ipqs/email/" + "é" * 507, "version_id": "v1"}

    assert read_request(event(body=json.dumps(longest)), START).body == longest
    with pytest.raises(Problem) as caught:
        read_request(event(body=json.dumps(longer)), START)
    assert caught.value.type is problems.REQUEST_INVALID


@given(body=st.permutations(list(BODY.items())))
def test_the_order_of_members_does_not_matter(body: list[tuple[str, str]]) -> None:
    """A repeated request is the same request, in whatever order a client writes it."""
    assert ApiRequest(body=dict(body)).body_hash == ApiRequest(body=BODY).body_hash


@pytest.mark.parametrize(
    "name",
    [
        "list (1).csv",
        "x.CSV",
        "x.xlsx",
        "liste é.csv",
        "o'neil.csv",
        "a+b.csv",
        "name\u0308.csv",
        "\u0938\u0942\u091a\u0940 \U0001f4cb.csv",
        'say "hi" #1?.csv',
        "back\\slash.csv",
        ".csv.csv",
        "n" * 251 + ".csv",
    ],
)
def test_a_name_that_a_file_has_is_taken(name: str) -> None:
    """S3 takes them all, and nobody renames a file to have it verified."""
    upload = {"provider": "ipqs", "type": "email", "name": name}
    job = {"key": "ipqs/email/list.csv", "version_id": "v1", "name": name}

    assert read_request(event(body=json.dumps(upload)), UPLOAD).body == upload
    assert read_request(event(body=json.dumps(job)), START).body == job


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("list", "end in .csv"),
        ("list.xls", "end in .csv"),
        (".csv", "up to 255 characters"),
        ("a/b.csv", "without slashes"),
        ("a\nb.csv", "control characters"),
        ("n" * 252 + ".csv", "up to 255 characters"),
    ],
)
def test_a_refused_name_is_told_with_its_rule(name: str, rule: str) -> None:
    """Who reads only that something is wrong cannot know what to change."""
    upload = {"provider": "ipqs", "type": "email", "name": name}

    with pytest.raises(Problem) as caught:
        read_request(event(body=json.dumps(upload)), UPLOAD)

    ((error,),) = (caught.value.document()["errors"],)
    assert error["pointer"] == "/name"
    assert rule in error["detail"]


@pytest.mark.parametrize("label", ["", "two\nlines", "l" * 101, 7, None])
def test_a_label_is_bounded(label: object) -> None:
    """It is stored with the job, and shown in a line of a table."""
    with pytest.raises(Problem) as caught:
        read_request(event(body=json.dumps({**BODY, "label": label})), START)

    ((error,),) = (caught.value.document()["errors"],)
    assert error["pointer"] == "/label"


def test_a_remark_asks_for_no_other_job() -> None:
    """Two people who ask for one job with a label each are told of the same job."""
    plain = ApiRequest(body=BODY).body_hash

    assert ApiRequest(body={**BODY, "name": "a.csv"}).body_hash == plain
    assert ApiRequest(body={**BODY, "label": "June"}).body_hash == plain


def test_what_is_false_is_not_asked_for() -> None:
    """A client may send `fresh` with every request."""
    plain = ApiRequest(body=BODY).body_hash

    assert ApiRequest(body={**BODY, "fresh": False}).body_hash == plain
    assert ApiRequest(body={**BODY, "fresh": True}).body_hash != plain


def test_another_reading_is_another_request() -> None:
    """One key for two columns, or for a header and none, would drop one of them."""
    asked: list[dict[str, Any]] = [
        {},
        {"column": "1"},
        {"column": "2"},
        {"header": True},
        {"header": False},
    ]

    assert len({ApiRequest(body={**BODY, **each}).body_hash for each in asked}) == 5


@pytest.mark.parametrize("fresh", ["true", 1, None])
def test_fresh_is_true_or_false(fresh: object) -> None:
    """Another job is paid for: nothing that only looks like a yes may start it."""
    with pytest.raises(Problem):
        read_request(event(body=json.dumps({**BODY, "fresh": fresh})), START)


def test_operations_without_a_body_ignore_one() -> None:
    """Some clients send `{}` with every POST."""
    with_body = event(body="{}", pathParameters={"job_id": "a" * 64})

    assert read_request(with_body, OPERATIONS["cancelJob"]).body == {}


def test_an_integer_in_the_query_is_converted() -> None:
    """A query has only text; the type is in the route table."""
    integer = event(multiValueQueryStringParameters={"limit": ["7"]}, body=None)

    assert read_request(integer, OPERATIONS["listJobs"]).query == {"limit": 7}


@pytest.mark.parametrize("body", [None, "", "{}"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_a_retry_needs_no_body(body: str | None, content_type: str) -> None:
    """Clients of an earlier release send none, and some a type of nothing."""
    if body == "{}":
        content_type = "application/json"
    headers = {"Content-Type": content_type}
    path = {"job_id": "a" * 64}

    request = read_request(
        event(body=body, headers=headers, pathParameters=path), OPERATIONS["retryJob"]
    )

    assert request.body == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"column": 1}, "/column"),
        ({"column": ""}, "/column"),
        ({"header": "yes"}, "/header"),
        ({"fresh": True}, "/"),
    ],
)
def test_what_a_retry_says_is_checked(body: dict[str, Any], pointer: str) -> None:
    """A wish that is not understood must not be taken for a plain retry."""
    path = {"job_id": "a" * 64}

    with pytest.raises(Problem) as caught:
        read_request(
            event(body=json.dumps(body), pathParameters=path), OPERATIONS["retryJob"]
        )

    (error,) = caught.value.document()["errors"]
    assert error["pointer"] == pointer
