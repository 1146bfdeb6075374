"""API errors: clients can distinguish failures, and do not learn their reasons."""

import json

import pytest

from functions.api import handler, problems
from functions.api.problems import Problem
from functions.core.errors import AwsRefused, AwsUnavailable


def test_a_temporary_failure_has_a_retry_after() -> None:
    """Clients repeat a request by themselves after a 503 with Retry-After."""
    response = handler._error_response(
        AwsUnavailable("could not read: ThrottlingException")
    )

    assert response["statusCode"] == 503
    assert response["headers"]["Retry-After"] == "5"


@pytest.mark.fault(85)
def test_the_reason_of_a_failure_is_not_in_the_response() -> None:
    """A reason may name tables, keys and rights."""
    response = handler._error_response(AwsRefused("may not read s3://somebody"))

    assert response["statusCode"] == 500
    assert "somebody" not in str(response["body"])


def test_a_refused_request_gets_a_problem_document() -> None:
    """Clients recognise a problem by its media type."""
    response = handler._problem_response(Problem(problems.JOB_ENDED, outcome="failed"))

    assert response["statusCode"] == 409
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(response["body"]) == {
        "type": "urn:verdict-courier:problem:job-ended",
        "title": "The job has ended already.",
        "status": 409,
        "outcome": "failed",
    }


@pytest.mark.fault(85)
def test_responses_are_not_cached() -> None:
    """Responses hold links, which a cache could serve to other clients."""
    response = handler._problem_response(Problem(problems.JOB_NOT_FOUND))

    assert response["headers"]["Cache-Control"] == "no-store"
