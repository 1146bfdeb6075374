"""The state Listen: a wait that a webhook can end, and that is safe without one."""

from collections.abc import Iterator

import pytest

from tests.infra.template import Json, Template, states


def listen_states(template: Template) -> Iterator[tuple[str, Json]]:
    """Yield the suffix and the body of the states: that of a job, that of a request."""
    for name, state in states(template.definition()):
        if name.startswith("Listen"):
            yield name.removeprefix("Listen"), state


def test_jobs_and_requests_listen(template: Template) -> None:
    """Otherwise the tests below would check nothing."""
    assert [suffix for suffix, _ in listen_states(template)] == ["", " request"]


def test_it_lasts_as_long_as_a_plain_wait(
    template: Template,
) -> None:
    """A webhook can be lost; then the next check finds the job finished."""
    for _, state in listen_states(template):
        assert state["TimeoutSecondsPath"] == "$.wait_seconds"
        assert "TimeoutSeconds" not in state
        assert "HeartbeatSeconds" not in state
        assert "HeartbeatSecondsPath" not in state


def test_the_function_gets_the_job_and_the_token(template: Template) -> None:
    """It stores the token under what the webhook will contain."""
    for _, state in listen_states(template):
        assert state["Resource"].endswith(":lambda:invoke.waitForTaskToken")
        assert state["Parameters"]["Payload"] == {
            "job.$": "$",
            "token.$": "$$.Task.Token",
        }


def test_a_callback_cannot_replace_the_state(template: Template) -> None:
    """The owner of a token must not be able to forge the state of a job.

    Check asks the provider, whatever ended the wait.
    """
    for suffix, state in listen_states(template):
        assert state["ResultPath"] == "$.heard_at"
        assert "OutputPath" not in state
        assert state["Next"] == f"Check{suffix}"


@pytest.mark.fault(79)
def test_without_listening_it_is_a_plain_wait(template: Template) -> None:
    """A time-out leads to the check; after any other error the job waits as usual."""
    for suffix, state in listen_states(template):
        over, broken = state["Catch"]

        assert (over["ErrorEquals"], over["Next"]) == (
            ["States.Timeout"],
            f"Check{suffix}",
        )
        assert (broken["ErrorEquals"], broken["Next"]) == (
            ["States.ALL"],
            f"Wait{suffix}",
        )
        assert over["ResultPath"] is broken["ResultPath"] is None


def test_a_time_out_is_not_retried(template: Template) -> None:
    """Retries would make one wait last as long as seven."""
    for _, state in listen_states(template):
        retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}

        assert "AwsUnavailable" in retried
        assert not {"States.Timeout", "States.ALL", "States.TaskFailed"} & retried
