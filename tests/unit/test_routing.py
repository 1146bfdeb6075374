"""Routing: whatever a provider says or does not say, a job goes somewhere sensible."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core import errors
from functions.core.model import Job, Next, Outcome, Phase, StatusReport
from functions.core.routing import (
    end_job,
    on_hold,
    on_permanent_error,
    on_retryable_error,
    route,
)
from tests import settings
from tests.unit.strategies import chances, looks

POLICY = replace(settings.POLICY, jitter=0.0)
START = 1_000_000.0
DEADLINE = START + POLICY.deadline_seconds
JOB = Job(job_id="j", provider="p", type="t", provider_ref="1", submitted_at=START)

FINISHED = StatusReport(
    phase=Phase.FINISHED, kinds=("all",), absent=("bad",), invalid=3
)
EMPTY = StatusReport(phase=Phase.FINISHED, absent=("all",))
RUNNING = StatusReport(phase=Phase.RUNNING)
FAILED = StatusReport(phase=Phase.FAILED)
LOST = errors.ProviderLostJob("it does not know the job")

Event = StatusReport | errors.RetryableError | errors.PermanentError


def after(
    job: Job, event: Event, *, now: float = START + 100, chance: float = 0.5
) -> Job:
    """Decide as the Check step does, with whatever the provider did."""
    if isinstance(event, StatusReport):
        return route(job, event, policy=POLICY, now=now, random=chance)
    if isinstance(event, errors.RetryableError):
        return on_retryable_error(job, event, policy=POLICY, now=now, random=chance)
    return on_permanent_error(job, event, policy=POLICY, now=now, random=chance)


def after_all(job: Job, events: Sequence[Event]) -> Job:
    """Decide after each of several events, one after the other."""
    for event in events:
        job = after(job, event)
    return job


@pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.RUNNING, Phase.FINALIZING])
def test_an_unfinished_job_waits(phase: Phase) -> None:
    """Not yet is no failure: the wait is a tenth of the time elapsed."""
    routed = after(JOB, StatusReport(phase=phase), now=START + 1_000)

    assert (routed.next, routed.wait_seconds) == (Next.WAIT, 100)
    assert (routed.phase, routed.polls) == (phase, 1)


def test_a_failure_called_final_is_believed_at_once() -> None:
    """Where a provider documents that it is over, doubting only costs time."""
    routed = after(
        JOB, StatusReport(phase=Phase.FAILED, final_error="ProviderDeclined")
    )

    assert (routed.next, routed.outcome) == (Next.CONCLUDE, Outcome.FAILED)
    assert (routed.error, routed.advice) == (
        "ProviderDeclined",
        errors.ProviderDeclined.advice,
    )


@pytest.mark.parametrize("phase", [Phase.FINISHED, Phase.PARTIAL])
@pytest.mark.parametrize(
    "now",
    [
        pytest.param(START + 10, id="early"),
        pytest.param(DEADLINE, id="at the deadline"),
        pytest.param(DEADLINE + 10_000, id="after the deadline"),
    ],
)
def test_a_result_is_collected_whenever_it_arrives(phase: Phase, now: float) -> None:
    """It is paid for: a deadline stops the waiting, never the taking."""
    look = StatusReport(phase=phase, kinds=("all",), absent=("bad",), invalid=3)

    routed = after(JOB, look, now=now)

    assert routed.next is Next.COLLECT
    assert (routed.kinds, routed.absent, routed.invalid) == (("all",), ("bad",), 3)
    assert (routed.phase, routed.finished_at) == (phase, now)
    assert (routed.outcome, routed.error) == (Outcome.NONE, "")


@pytest.mark.parametrize(
    ("event", "error"),
    [
        pytest.param(FAILED, errors.ProviderFailed, id="failed"),
        pytest.param(EMPTY, errors.NoResults, id="finished without results"),
        pytest.param(LOST, errors.ProviderLostJob, id="lost"),
    ],
)
def test_a_bad_ending_is_believed_when_it_agrees_with_itself(
    event: Event, error: type[errors.CourierError]
) -> None:
    """It may be a passing fault, and giving a paid job up cannot be undone."""
    doubted = after_all(JOB, [event] * (POLICY.required_confirmations - 1))
    believed = after(doubted, event)

    assert (doubted.next, doubted.outcome) == (Next.WAIT, Outcome.NONE)
    assert (believed.next, believed.outcome) == (Next.CONCLUDE, Outcome.FAILED)
    assert believed.error == error.__name__
    assert believed.advice == error.advice


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([FAILED, FAILED, RUNNING, FAILED, FAILED], id="it ran again"),
        pytest.param([FAILED, FAILED, EMPTY, FAILED, FAILED], id="another ending"),
        pytest.param([LOST, LOST, FAILED, LOST, LOST], id="lost and found"),
    ],
)
def test_answers_that_disagree_are_not_believed(events: list[Event]) -> None:
    """Only answers in a row count; a contradiction starts the count anew."""
    assert after_all(JOB, events).next is Next.WAIT


def test_a_call_that_fails_is_no_answer() -> None:
    """It neither confirms a bad ending nor clears it."""
    silence = errors.ProviderUnavailable("no connection")

    routed = after_all(JOB, [FAILED, silence, FAILED, silence])

    assert (routed.next, routed.suspicions) == (Next.WAIT, 2)
    assert after(routed, FAILED).outcome is Outcome.FAILED


def test_an_aborted_job_ends_at_once() -> None:
    """Somebody decided it; nothing passes by waiting."""
    routed = after(JOB, StatusReport(phase=Phase.ABORTED, kinds=("all",)))

    assert (routed.next, routed.outcome) == (Next.CONCLUDE, Outcome.ABORTED)
    assert routed.error == "JobAborted"


def test_failures_lengthen_the_wait_and_an_answer_resets_them() -> None:
    """Each spell of failures starts with short waits of its own."""
    silence = errors.ProviderUnavailable("no connection")

    third = after_all(JOB, [silence] * 3)
    answered = after(third, RUNNING)
    again = after(answered, silence)

    assert (third.failures, third.wait_seconds) == (3, 8)
    assert answered.failures == 0
    assert (again.failures, again.wait_seconds, again.polls) == (1, 2, 5)


def test_a_refusal_resets_the_failures_too() -> None:
    """The call went through; it was the job that was not known."""
    silent = after(JOB, errors.ProviderUnavailable("no connection"))

    assert after(silent, LOST).failures == 0


@pytest.mark.fault(22)
def test_a_throttled_check_waits_as_the_provider_asks() -> None:
    """The Wait state sleeps, for nothing; a sleeping Lambda is paid for."""
    throttled = after(JOB, errors.ProviderThrottled("429", hint=300.0))

    assert (throttled.next, throttled.wait_seconds) == (Next.WAIT, 300)


@pytest.mark.fault(27)
@given(word=st.text())
def test_an_unknown_word_is_running_until_the_deadline(word: str) -> None:
    """The provider may invent words; none of them means finished."""
    look = StatusReport(phase=Phase.RUNNING, unknown_word=word)

    assert after(JOB, look).next is Next.WAIT
    assert after(JOB, look, now=DEADLINE).outcome is Outcome.TIMED_OUT


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(RUNNING, id="running"),
        pytest.param(FAILED, id="a bad ending, first heard"),
        pytest.param(LOST, id="lost, first heard"),
        pytest.param(errors.ProviderThrottled("429", hint=300.0), id="throttled"),
        pytest.param(errors.AnswerUnreadable("HTML"), id="unreadable"),
    ],
)
def test_the_deadline_ends_whatever_is_no_result(event: Event) -> None:
    """A job that waits for ever is a job that nobody hears of."""
    before = after(JOB, event, now=DEADLINE - 0.5)
    at = after(JOB, event, now=DEADLINE)

    assert (before.next, before.wait_seconds) == (Next.WAIT, 1)
    assert (at.next, at.outcome) == (Next.CONCLUDE, Outcome.TIMED_OUT)
    assert at.error == "DeadlinePassed"


def test_a_submission_on_hold_is_tried_later() -> None:
    """It goes back to Submit, not to Check: there is nothing to check yet."""
    job = Job(job_id="j", provider="p", type="t", received_at=START)

    failed = on_hold(job, wait_seconds=7.5, policy=POLICY, now=START, failed=True)
    settling = on_hold(failed, wait_seconds=60, policy=POLICY, now=START, failed=False)

    assert (failed.next, failed.wait_seconds, failed.failures) == (Next.HOLD, 7, 1)
    assert (settling.wait_seconds, settling.failures) == (60, 0)
    assert failed.polls == 0


def test_a_submission_on_hold_meets_the_deadline_of_its_arrival() -> None:
    """Before a submission, the clock runs from when the file was received."""
    job = Job(job_id="j", provider="p", type="t", received_at=START)

    late = on_hold(job, wait_seconds=7, policy=POLICY, now=DEADLINE, failed=True)

    assert (late.next, late.outcome) == (Next.CONCLUDE, Outcome.TIMED_OUT)


def test_a_good_ending_has_neither_error_nor_advice() -> None:
    """An empty field says that nothing is to be done."""
    routed = end_job(JOB, Outcome.SUCCEEDED)

    assert (routed.next, routed.error, routed.advice) == (Next.CONCLUDE, "", "")


@pytest.mark.fault(35)
def test_a_clock_that_runs_behind_waits_the_first_wait() -> None:
    """Two machines' clocks differ; a negative time elapsed is none."""
    routed = after(JOB, RUNNING, now=START - 3_600)

    assert (routed.next, routed.wait_seconds) == (Next.WAIT, 5)


def made(leaf: type[errors.RetryableError]) -> Callable[[float | None], Event]:
    """Give what makes a retryable error from a hint."""
    return lambda hint: leaf("a fact", hint=hint)


events = st.one_of(
    looks(),
    st.sampled_from(errors.RETRYABLE).flatmap(
        lambda leaf: st.builds(made(leaf), st.none() | st.floats())  # type: ignore[arg-type]  # the tuple is of leaves
    ),
    st.sampled_from([LOST, errors.ProviderRejected("refused")]),
)


@given(
    story=st.lists(
        st.tuples(events, st.floats(-100, 40_000), chances), min_size=1, max_size=30
    )
)
def test_no_story_leads_to_an_impossible_job(
    story: list[tuple[Event, float, float]],
) -> None:
    """Every state that Route can see must be one that it knows how to leave."""
    job, now = JOB, START

    for number, (event, passed, chance) in enumerate(story, 1):
        now += passed
        job = after(job, event, now=now, chance=chance)

        assert job.polls == number
        assert 1 <= job.wait_seconds <= POLICY.hint_max_seconds
        assert (job.outcome is not Outcome.NONE) == (job.next is Next.CONCLUDE)
        assert bool(job.error) == bool(job.advice) == (job.next is Next.CONCLUDE)
        assert bool(job.suspected_error) == bool(job.suspicions)
        if isinstance(event, StatusReport):
            assert (job.failures, job.phase) == (0, event.phase)
        if job.next is not Next.WAIT:
            break
        assert now < DEADLINE
        assert now + job.wait_seconds < DEADLINE + 1
        assert job.suspicions < POLICY.required_confirmations

    if job.next is Next.COLLECT:
        assert job.kinds
        assert job.phase in (Phase.FINISHED, Phase.PARTIAL)
        assert (job.finished_at, job.suspicions) == (now, 0)
