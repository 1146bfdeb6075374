"""How a wait listens: to a webhook, as long as the wait lasts, and at no one's risk."""

from collections.abc import Iterator

import pytest

from tests.infra.template import Json, Template, states


def listening(template: Template) -> Iterator[tuple[str, Json]]:
    """Go through the waits that listen: a job's, and a request's."""
    for name, state in states(template.definition()):
        if name.startswith("Listen"):
            yield name.removeprefix("Listen"), state


def test_jobs_and_requests_listen(template: Template) -> None:
    """The tests below would hold of nothing, too."""
    assert [whose for whose, _ in listening(template)] == ["", " request"]


def test_a_wait_is_as_long_as_it_would_be_without_a_webhook(
    template: Template,
) -> None:
    """A webhook can be lost: then it is the poll that finds the job finished."""
    for _, state in listening(template):
        assert state["TimeoutSecondsPath"] == "$.wait_seconds"
        assert "TimeoutSeconds" not in state
        assert "HeartbeatSeconds" not in state
        assert "HeartbeatSecondsPath" not in state


def test_a_wait_is_told_its_token(template: Template) -> None:
    """With it and the job, Listen says whom a webhook wakes."""
    for _, state in listening(template):
        assert state["Resource"].endswith(":lambda:invoke.waitForTaskToken")
        assert state["Parameters"]["Payload"] == {
            "job.$": "$",
            "token.$": "$$.Task.Token",
        }


def test_what_ends_a_wait_does_not_replace_the_job(template: Template) -> None:
    """Whoever held a token could otherwise put words into a job's state.

    Check asks the provider, whatever ended the wait.
    """
    for whose, state in listening(template):
        assert state["ResultPath"] == "$.heard_at"
        assert "OutputPath" not in state
        assert state["Next"] == f"Check{whose}"


@pytest.mark.fault(79)
def test_a_wait_that_cannot_listen_is_a_wait(template: Template) -> None:
    """A time-out is no trouble; anything else waits as it did without webhooks."""
    for whose, state in listening(template):
        over, broken = state["Catch"]

        assert (over["ErrorEquals"], over["Next"]) == (
            ["States.Timeout"],
            f"Check{whose}",
        )
        assert (broken["ErrorEquals"], broken["Next"]) == (
            ["States.ALL"],
            f"Wait{whose}",
        )
        assert over["ResultPath"] is broken["ResultPath"] is None


def test_a_wait_that_is_over_is_not_begun_again(template: Template) -> None:
    """A rule that named the time-out would make one wait seven."""
    for _, state in listening(template):
        retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}

        assert "AwsUnavailable" in retried
        assert not {"States.Timeout", "States.ALL", "States.TaskFailed"} & retried
