"""Waiting: a webhook wakes its job, whenever and however often it comes."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.aws import clients
from functions.aws.callbacks import WebhookOutcome
from functions.core.errors import AwsUnavailable
from tests.faults.callback_harness import DONE, CallbackHarness
from tests.faults.fault_injection import FaultInjector, Killed, Mode, inject_faults
from tests.faults.harness import StepHarness


def ended(execution: str) -> dict[str, Any]:
    """Wait for an execution's end."""
    while True:
        described = clients.step_functions().describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return dict(described)


@pytest.mark.fault(91)
def test_a_webhook_ends_the_wait(waiting: CallbackHarness) -> None:
    """That is what it is for; when it came travels with the job."""
    job = waiting.job()
    execution, token = waiting.enter()

    assert waiting.waits.register_token(job, token, now=90.0) == 0.0
    assert waiting.call(job, now=100.5) is WebhookOutcome.WOKE

    described = ended(execution)
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"])["heard_at"] == 100.5


@pytest.mark.fault(91)
def test_an_early_webhook_is_kept_for_the_wait(waiting: CallbackHarness) -> None:
    """A provider can be faster than our own table."""
    job = waiting.job()
    assert waiting.call(job, now=100.5) is WebhookOutcome.EARLY

    execution, token = waiting.enter()
    assert waiting.waits.register_token(job, token, now=101.0) == 100.5

    assert ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.fault(91)
def test_an_early_webhook_ends_one_wait_only(waiting: CallbackHarness) -> None:
    """Or a job would ask again and again without waiting."""
    job = waiting.job()
    waiting.call(job)
    _, first = waiting.enter()
    waiting.waits.register_token(job, first, now=1.0)
    _, second = waiting.enter()

    assert waiting.waits.register_token(job, second, now=2.0) == 0.0


@pytest.mark.fault(91)
def test_a_webhook_between_two_waits_is_not_lost(waiting: CallbackHarness) -> None:
    """The provider may finish just after we asked, before we wait again."""
    job = waiting.job()
    over, old = waiting.enter(seconds=1)
    waiting.waits.register_token(job, old, now=1.0)
    assert ended(over)["status"] == "TIMED_OUT" or ended(over)["status"] == "FAILED"

    assert waiting.call(job) is WebhookOutcome.LATE

    execution, token = waiting.enter()
    assert waiting.waits.register_token(job, token, now=3.0) > 0.0
    assert ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.fault(91)
def test_a_repeated_webhook_does_nothing(waiting: CallbackHarness) -> None:
    """Providers deliver at least once, and others replay what they saw."""
    job = waiting.job()
    _, token = waiting.enter()
    waiting.waits.register_token(job, token, now=1.0)
    waiting.call(job)
    before = waiting.of(job)

    heard = {waiting.call(job, now=200.0) for _ in range(100)}

    assert heard == {WebhookOutcome.DUPLICATE}
    assert waiting.of(job) == before


@pytest.mark.fault(91)
def test_the_events_of_a_request_come_in_any_order(waiting: CallbackHarness) -> None:
    """One wakes the job, which asks what is true; the other finds nobody."""
    job = waiting.job()
    _, token = waiting.enter()
    waiting.waits.register_token(job, token, now=1.0)

    heard = [waiting.call(job, event) for event in ("request.partial", DONE)]

    assert heard == [WebhookOutcome.WOKE, WebhookOutcome.EARLY]


def test_each_wait_overwrites_the_token(waiting: CallbackHarness) -> None:
    """A token that nobody needs any more is one that can be stolen."""
    job = waiting.job()
    (_, first), (_, second) = waiting.enter(), waiting.enter()

    waiting.waits.register_token(job, first, now=1.0)
    waiting.waits.register_token(job, second, now=2.0)

    assert waiting.of(job)["token"]["S"] == second


def test_a_used_token_is_forgotten(waiting: CallbackHarness) -> None:
    """The same."""
    job = waiting.job()
    _, token = waiting.enter()
    waiting.waits.register_token(job, token, now=1.0)
    waiting.call(job)

    assert "token" not in waiting.of(job)


@pytest.mark.fault(91)
def test_a_webhook_and_its_wait_at_once_always_meet(waiting: CallbackHarness) -> None:
    """Whichever is first by a hair: nobody sleeps through its webhook."""
    for _ in range(10):
        job = waiting.job()
        execution, token = waiting.enter()
        with ThreadPoolExecutor(2) as both:
            begun = both.submit(waiting.waits.register_token, job, token, now=1.0)
            called = both.submit(waiting.call, job)
            begun.result()
            called.result()

        assert ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("waits", [True, False], ids=["during", "before"])
def test_a_webhook_that_breaks_off_comes_again_and_is_heard(
    bench: StepHarness, waiting: CallbackHarness, mode: Mode, waits: bool
) -> None:
    """The provider sends again what was not taken; where it was, nobody sleeps on."""
    for call in itertools.count():
        effects = FaultInjector(bench.ipqs)
        job = waiting.job()
        execution, token = waiting.enter()
        if waits:
            waiting.waits.register_token(job, token, now=50.0)
        with inject_faults(effects):
            effects.plan({call: mode})
            try:
                waiting.call(job)
            except (Killed, AwsUnavailable):
                effects.alive_again()
                waiting.call(job)
            hit = effects.hit
        if not waits:
            waiting.waits.register_token(job, token, now=200.0)

        assert ended(execution)["status"] == "SUCCEEDED"
        if not hit:
            break


@pytest.mark.parametrize("mode", Mode)
def test_a_wait_whose_beginning_breaks_off_is_begun_again_and_ended(
    bench: StepHarness, waiting: CallbackHarness, mode: Mode
) -> None:
    """With a token of its own; the webhook had come before."""
    for call in itertools.count():
        effects = FaultInjector(bench.ipqs)
        job = waiting.job()
        waiting.call(job)
        execution, token = waiting.enter()
        with inject_faults(effects):
            effects.plan({call: mode})
            try:
                waiting.waits.register_token(job, token, now=200.0)
            except (Killed, AwsUnavailable):
                effects.alive_again()
                if not _is_over(execution):
                    waiting.waits.register_token(job, token, now=200.0)
            hit = effects.hit

        assert ended(execution)["status"] == "SUCCEEDED"
        if not hit:
            break


def _is_over(execution: str) -> bool:
    described = clients.step_functions().describe_execution(executionArn=execution)
    return described["status"] != "RUNNING"
