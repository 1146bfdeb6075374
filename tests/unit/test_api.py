"""What goes wrong behind the front door is told apart, and not told about."""

import json

import pytest

from functions.api import handler, problems
from functions.api.problems import Problem
from functions.core.errors import AwsRefused, AwsUnavailable


def test_what_may_work_later_says_so() -> None:
    """Clients that see 503 and Retry-After ask again by themselves."""
    answer = handler._failure(AwsUnavailable("could not read: ThrottlingException"))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.fault(85)
def test_the_reason_of_a_failure_stays_here() -> None:
    """It may name tables, keys and rights."""
    answer = handler._failure(AwsRefused("may not read s3://somebody"))

    assert answer.status_code == 500
    assert "somebody" not in str(answer.body)


def test_a_refusal_is_a_problem_document() -> None:
    """By the media type, too, which clients look at first."""
    answer = handler._refusal(Problem(problems.JOB_ENDED, outcome="failed"))

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert json.loads(str(answer.body)) == {
        "type": "urn:verdict-courier:problem:job-ended",
        "title": "The job has ended already.",
        "status": 409,
        "outcome": "failed",
    }


@pytest.mark.fault(85)
def test_no_answer_is_kept_on_the_way() -> None:
    """Answers hold links; a cache would hand them to others."""
    answer = handler._refusal(Problem(problems.JOB_NOT_FOUND))

    assert answer.headers["Cache-Control"] == "no-store"
