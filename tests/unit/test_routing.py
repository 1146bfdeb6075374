"""Routing: whatever a provider answers, or does not, the next step is a valid one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core import errors
from functions.core.model import (
    Forecast,
    Job,
    Next,
    Outcome,
    Phase,
    StatusReport,
    WaitReason,
)
from functions.core.routing import (
    end_job,
    on_hold,
    on_permanent_error,
    on_retryable_error,
    on_submitted,
    route,
)
from tests import settings
from tests.unit.strategies import random_numbers, status_reports

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
    job: Job, event: Event, *, now: float = START + 100, random: float = 0.5
) -> Job:
    """Decide as the Check step does after an event of the provider."""
    if isinstance(event, StatusReport):
        return route(job, event, policy=POLICY, now=now, random=random)
    if isinstance(event, errors.RetryableError):
        return on_retryable_error(job, event, policy=POLICY, now=now, random=random)
    return on_permanent_error(job, event, policy=POLICY, now=now, random=random)


def after_all(job: Job, events: Sequence[Event]) -> Job:
    """Decide after each of several events, in order."""
    for event in events:
        job = after(job, event)
    return job


@pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.RUNNING, Phase.FINALIZING])
def test_an_unfinished_job_waits(phase: Phase) -> None:
    """The answer "not yet" is no failure; the wait is a tenth of the elapsed time."""
    routed = after(JOB, StatusReport(phase=phase), now=START + 1_000)

    assert (routed.next, routed.wait_seconds) == (Next.WAIT, 100)
    assert (routed.phase, routed.polls) == (phase, 1)


@pytest.mark.parametrize(
    ("event", "now", "reason"),
    [
        pytest.param(RUNNING, START + 100, WaitReason.ELAPSED, id="not yet"),
        pytest.param(RUNNING, START + 980, WaitReason.EXPECTED, id="about the end"),
        pytest.param(FAILED, START + 980, WaitReason.UNCONFIRMED, id="bad"),
        pytest.param(LOST, START + 100, WaitReason.UNCONFIRMED, id="refused"),
        pytest.param(RUNNING, DEADLINE - 9, WaitReason.DEADLINE, id="last"),
        pytest.param(FAILED, DEADLINE - 1, WaitReason.UNCONFIRMED, id="last and bad"),
        pytest.param(
            errors.ProviderThrottled("", hint=60.0),
            DEADLINE - 9,
            WaitReason.ASKED,
            id="last and told to wait",
        ),
        pytest.param(
            errors.ProviderUnavailable(""), START + 9, WaitReason.FAILED, id="no answer"
        ),
        pytest.param(
            errors.ProviderThrottled("", hint=60.0),
            START + 9,
            WaitReason.ASKED,
            id="told to wait",
        ),
        pytest.param(
            errors.OutOfCredits(""), START + 9, WaitReason.CREDITS, id="credits"
        ),
    ],
)
def test_a_wait_has_a_reason(event: Event, now: float, reason: WaitReason) -> None:
    """Who sees the time of the next check asks why it is not sooner."""
    told = Forecast(seconds=1_000, low=950, high=1_050, jobs=9)

    routed = after(JOB.with_(forecast=told, polls=30), event, now=now)

    assert routed.wait_reason == reason


def test_a_forecast_that_cost_too_many_checks_is_followed_no_more() -> None:
    """Around an end that does not come, checks would go on and on."""
    told = Forecast(seconds=1_000, low=950, high=1_050, jobs=9)
    job = JOB.with_(forecast=told, polls=1_000)

    routed = after(job, RUNNING, now=START + 980)

    assert (routed.wait_reason, routed.wait_seconds) == (WaitReason.ELAPSED, 98)


def test_a_forecast_shortens_the_first_wait() -> None:
    """A list that takes five seconds is not first looked at after twelve."""
    told = Forecast(seconds=5, low=4, high=6, jobs=9)
    policy = replace(POLICY, first_seconds=12.0)

    submitted = on_submitted(JOB.with_(forecast=told), policy=policy, random=0.5)

    assert submitted.wait_seconds < 6
    assert on_submitted(JOB, policy=policy, random=0.5).wait_seconds == 12


def test_a_final_failure_needs_no_confirmation() -> None:
    """Confirming what a provider documents as final only costs time."""
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
    """A result is paid for: the deadline ends the waiting, not the collecting."""
    report = StatusReport(phase=phase, kinds=("all",), absent=("bad",), invalid=3)

    routed = after(JOB, report, now=now)

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
def test_a_bad_ending_counts_after_enough_confirmations(
    event: Event, error: type[errors.CourierError]
) -> None:
    """It may be a passing fault, and giving up a paid job cannot be undone."""
    suspected = after_all(JOB, [event] * (POLICY.required_confirmations - 1))
    confirmed = after(suspected, event)

    assert (suspected.next, suspected.outcome) == (Next.WAIT, Outcome.NONE)
    assert (confirmed.next, confirmed.outcome) == (Next.CONCLUDE, Outcome.FAILED)
    assert confirmed.error == error.__name__
    assert confirmed.advice == error.advice


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(
            [FAILED, FAILED, RUNNING, FAILED, FAILED], id="running in between"
        ),
        pytest.param(
            [FAILED, FAILED, EMPTY, FAILED, FAILED], id="another ending in between"
        ),
        pytest.param([LOST, LOST, FAILED, LOST, LOST], id="found in between"),
    ],
)
def test_a_contradiction_restarts_the_confirmation(events: list[Event]) -> None:
    """Only equal answers in a row confirm a bad ending."""
    assert after_all(JOB, events).next is Next.WAIT


def test_a_failed_call_neither_confirms_nor_clears_a_bad_ending() -> None:
    """A call without an answer says nothing about the job."""
    no_answer = errors.ProviderUnavailable("no connection")

    routed = after_all(JOB, [FAILED, no_answer, FAILED, no_answer])

    assert (routed.next, routed.suspicions) == (Next.WAIT, 2)
    assert after(routed, FAILED).outcome is Outcome.FAILED


def test_an_aborted_job_ends_at_once() -> None:
    """A person decided it, so it is no passing fault."""
    routed = after(JOB, StatusReport(phase=Phase.ABORTED, kinds=("all",)))

    assert (routed.next, routed.outcome) == (Next.CONCLUDE, Outcome.ABORTED)
    assert routed.error == "JobAborted"


def test_failures_lengthen_the_wait_until_an_answer() -> None:
    """Each series of failures begins with a short wait."""
    no_answer = errors.ProviderUnavailable("no connection")

    third = after_all(JOB, [no_answer] * 3)
    answered = after(third, RUNNING)
    again = after(answered, no_answer)

    assert (third.failures, third.wait_seconds) == (3, 8)
    assert answered.failures == 0
    assert (again.failures, again.wait_seconds, again.polls) == (1, 2, 5)


def test_a_permanent_error_resets_the_failures() -> None:
    """The provider answered the call; it was the job that it did not know."""
    failed = after(JOB, errors.ProviderUnavailable("no connection"))

    assert after(failed, LOST).failures == 0


@pytest.mark.fault(22)
def test_a_throttled_check_waits_as_the_provider_asks() -> None:
    """Sleeping in the Wait state is free, sleeping in a Lambda function is not."""
    throttled = after(JOB, errors.ProviderThrottled("429", hint=300.0))

    assert (throttled.next, throttled.wait_seconds) == (Next.WAIT, 300)


@pytest.mark.fault(27)
@given(word=st.text())
def test_an_unknown_status_word_means_running_until_the_deadline(word: str) -> None:
    """The provider may add status words; none may end a job by accident."""
    report = StatusReport(phase=Phase.RUNNING, unknown_word=word)

    assert after(JOB, report).next is Next.WAIT
    assert after(JOB, report, now=DEADLINE).outcome is Outcome.TIMED_OUT


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(RUNNING, id="running"),
        pytest.param(FAILED, id="a bad ending, unconfirmed"),
        pytest.param(LOST, id="lost, unconfirmed"),
        pytest.param(errors.ProviderThrottled("429", hint=300.0), id="throttled"),
        pytest.param(errors.AnswerUnreadable("HTML"), id="unreadable"),
    ],
)
def test_the_deadline_ends_any_job_without_a_result(event: Event) -> None:
    """Nobody would notice a job that waits forever."""
    before = after(JOB, event, now=DEADLINE - 0.5)
    at = after(JOB, event, now=DEADLINE)

    assert (before.next, before.wait_seconds) == (Next.WAIT, 1)
    assert (at.next, at.outcome) == (Next.CONCLUDE, Outcome.TIMED_OUT)
    assert at.error == "DeadlinePassed"


def test_a_submission_on_hold_is_tried_again() -> None:
    """The job returns to Submit, because there is nothing to check yet."""
    job = Job(job_id="j", provider="p", type="t", received_at=START)

    failed = on_hold(job, wait_seconds=7.5, policy=POLICY, now=START, failed=True)
    waiting = on_hold(failed, wait_seconds=60, policy=POLICY, now=START, failed=False)

    assert (failed.next, failed.wait_seconds, failed.failures) == (Next.HOLD, 7, 1)
    assert (waiting.wait_seconds, waiting.failures) == (60, 0)
    assert failed.polls == 0


def test_the_deadline_of_a_submission_on_hold_counts_from_its_receipt() -> None:
    """Before the submission there is no other time to count from."""
    job = Job(job_id="j", provider="p", type="t", received_at=START)

    late = on_hold(job, wait_seconds=7, policy=POLICY, now=DEADLINE, failed=True)

    assert (late.next, late.outcome) == (Next.CONCLUDE, Outcome.TIMED_OUT)


def test_a_hold_ends_with_the_error_that_it_waits_out() -> None:
    """Its deadline may count from another time, such as that of the batch."""
    job = Job(job_id="j", provider="p", type="t", received_at=START)

    def held(since: float) -> Job:
        return on_hold(
            job,
            wait_seconds=7,
            policy=POLICY,
            now=DEADLINE - 1,
            failed=False,
            at_deadline=errors.OutOfCredits,
            since=since,
        )

    assert held(0.0).next is Next.HOLD
    ended = held(START - 1)
    assert (ended.outcome, ended.error) == (Outcome.FAILED, "OutOfCredits")


def test_a_check_that_waits_for_credits_ends_with_that_error() -> None:
    """The reader has to buy credits, not only to wait longer."""
    ended = after(JOB, errors.OutOfCredits("no"), now=DEADLINE)

    assert (ended.outcome, ended.error) == (Outcome.FAILED, "OutOfCredits")


@pytest.mark.parametrize(
    ("uses_webhook", "step"), [(False, Next.WAIT), (True, Next.LISTEN)]
)
def test_a_submitted_job_waits_before_its_first_check(
    step: Next, *, uses_webhook: bool
) -> None:
    """As long as the policy says for no time elapsed; jitter spreads it."""
    policy = replace(
        POLICY,
        growth=30.0,
        jitter=0.4,
        first_seconds=10.0,
        floor_seconds=10.0,
        uses_webhook=uses_webhook,
    )

    waiting = on_submitted(JOB, policy=policy, random=0.0)

    assert waiting == JOB.with_(next=step, wait_seconds=6)


def test_a_good_ending_has_neither_error_nor_advice() -> None:
    """An operator must not see advice where there is nothing to do."""
    routed = end_job(JOB, Outcome.SUCCEEDED)

    assert (routed.next, routed.error, routed.advice) == (Next.CONCLUDE, "", "")


@pytest.mark.fault(35)
def test_a_clock_that_is_behind_causes_the_first_wait() -> None:
    """The clocks of two machines differ; a negative elapsed time counts as 0."""
    routed = after(JOB, RUNNING, now=START - 3_600)

    assert (routed.next, routed.wait_seconds) == (Next.WAIT, 5)


def raised_with(leaf: type[errors.RetryableError]) -> Callable[[float | None], Event]:
    """Return a function that makes a retryable error from a hint."""
    return lambda hint: leaf("a fact", hint=hint)


events = st.one_of(
    status_reports(),
    st.sampled_from(errors.RETRYABLE).flatmap(
        lambda leaf: st.builds(raised_with(leaf), st.none() | st.floats())  # type: ignore[arg-type]  # the tuple is of leaves
    ),
    st.sampled_from([LOST, errors.ProviderRejected("refused")]),
)


@given(
    history=st.lists(
        st.tuples(events, st.floats(-100, 40_000), random_numbers),
        min_size=1,
        max_size=30,
    )
)
def test_no_history_leads_to_an_impossible_job(
    history: list[tuple[Event, float, float]],
) -> None:
    """The Route state must have a choice for every job that it can meet."""
    job, now = JOB, START

    for number, (event, seconds, random) in enumerate(history, 1):
        now += seconds
        job = after(job, event, now=now, random=random)

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
