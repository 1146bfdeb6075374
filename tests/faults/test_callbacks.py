"""Callbacks: a webhook ends its job's wait, whenever and however often it arrives."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.aws.callbacks import WebhookOutcome
from functions.core.errors import AwsUnavailable
from tests.faults.callback_harness import (
    DONE,
    PARTIAL,
    CallbackHarness,
    is_over,
    wait_for_end,
)
from tests.faults.fault_injection import FaultInjector, inject_faults
from tests.world.injection import FOUR_MODES, Killed, Mode


@pytest.mark.fault(91)
def test_a_webhook_ends_the_wait(callbacks: CallbackHarness) -> None:
    """The time of the webhook becomes part of the state."""
    job = callbacks.new_job()
    execution, token = callbacks.start_wait()

    assert callbacks.store.register_token(job, token, now=90.0) == 0.0
    assert callbacks.send_webhook(job, now=100.5) is WebhookOutcome.WOKE

    described = wait_for_end(execution)
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"])["heard_at"] == 100.5


@pytest.mark.fault(91)
def test_an_early_webhook_ends_the_next_wait(callbacks: CallbackHarness) -> None:
    """A provider can be faster than our write to the table."""
    job = callbacks.new_job()
    assert callbacks.send_webhook(job, now=100.5) is WebhookOutcome.EARLY

    execution, token = callbacks.start_wait()
    assert callbacks.store.register_token(job, token, now=101.0) == 100.5

    assert wait_for_end(execution)["status"] == "SUCCEEDED"


@pytest.mark.fault(91)
def test_an_early_webhook_ends_one_wait_only(callbacks: CallbackHarness) -> None:
    """Otherwise the job would poll again and again without a wait."""
    job = callbacks.new_job()
    callbacks.send_webhook(job)
    callbacks.start_registered_wait(job)
    _, token = callbacks.start_wait()

    assert callbacks.store.register_token(job, token, now=2.0) == 0.0


@pytest.mark.fault(91)
def test_a_webhook_between_two_waits_ends_the_second(
    callbacks: CallbackHarness,
) -> None:
    """The provider may finish after a check and before the next wait."""
    job = callbacks.new_job()
    execution, token = callbacks.start_wait(seconds=1)
    callbacks.store.register_token(job, token, now=1.0)
    assert wait_for_end(execution)["status"] in ("TIMED_OUT", "FAILED")

    assert callbacks.send_webhook(job) is WebhookOutcome.LATE

    execution, token = callbacks.start_wait()
    assert callbacks.store.register_token(job, token, now=3.0) > 0.0
    assert wait_for_end(execution)["status"] == "SUCCEEDED"


@pytest.mark.fault(91)
def test_a_repeated_webhook_has_no_effect(callbacks: CallbackHarness) -> None:
    """Providers deliver at least once, and others may replay what they saw."""
    job = callbacks.new_job()
    callbacks.start_registered_wait(job)
    callbacks.send_webhook(job)
    before = callbacks.item(job)

    outcomes = {callbacks.send_webhook(job, now=200.0) for _ in range(100)}

    assert outcomes == {WebhookOutcome.DUPLICATE}
    assert callbacks.item(job) == before


@pytest.mark.fault(91)
def test_a_second_event_is_kept_for_the_next_wait(callbacks: CallbackHarness) -> None:
    """The first event resumes the job; the second may belong to its next wait."""
    job = callbacks.new_job()
    callbacks.start_registered_wait(job)

    outcomes = [callbacks.send_webhook(job, event) for event in (PARTIAL, DONE)]

    assert outcomes == [WebhookOutcome.WOKE, WebhookOutcome.EARLY]


@pytest.mark.fault(91)
@pytest.mark.fault(140)
def test_a_wait_that_a_person_ends_had_no_webhook(callbacks: CallbackHarness) -> None:
    """Its state gets no time of one, and one that comes now ends the next wait."""
    job = callbacks.new_job()
    execution, _ = callbacks.start_registered_wait(job)

    # Who names a reference by the API may name that of another job.
    assert not callbacks.store.wake(job.with_(job_id="other"), reasons=[""])
    assert callbacks.store.wake(job, reasons=[""])
    assert json.loads(wait_for_end(execution)["output"])["heard_at"] == -1.0
    assert not callbacks.store.wake(job, reasons=[""])
    assert callbacks.send_webhook(job) is WebhookOutcome.LATE

    execution, token = callbacks.start_wait()
    assert callbacks.store.register_token(job, token, now=3.0) > 0.0
    assert wait_for_end(execution)["status"] == "SUCCEEDED"


def test_a_new_wait_overwrites_the_token(callbacks: CallbackHarness) -> None:
    """A token that is no longer needed should not be kept where it can leak."""
    job = callbacks.new_job()
    callbacks.start_registered_wait(job)

    _, token = callbacks.start_registered_wait(job)

    assert callbacks.item(job)["token"]["S"] == token


def test_a_used_token_is_deleted(callbacks: CallbackHarness) -> None:
    """A token that is no longer needed should not be kept where it can leak."""
    job = callbacks.new_job()
    callbacks.start_registered_wait(job)
    callbacks.send_webhook(job)

    assert "token" not in callbacks.item(job)


@pytest.mark.fault(91)
def test_a_webhook_concurrent_with_its_wait_ends_it(callbacks: CallbackHarness) -> None:
    """Whichever writes first, no wait misses its webhook."""
    for _ in range(10):
        job = callbacks.new_job()
        execution, token = callbacks.start_wait()
        with ThreadPoolExecutor(2) as threads:
            registered = threads.submit(
                callbacks.store.register_token, job, token, now=1.0
            )
            threads.submit(callbacks.send_webhook, job).result()
            registered.result()

        assert wait_for_end(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("mode", FOUR_MODES)
@pytest.mark.parametrize("waiting", [True, False], ids=["during", "before"])
def test_a_webhook_that_failed_is_delivered_again(
    callbacks: CallbackHarness, mode: Mode, waiting: bool
) -> None:
    """The provider repeats what was not accepted; what was accepted ends the wait."""
    for call in itertools.count():
        injector = FaultInjector()
        job = callbacks.new_job()
        execution, token = callbacks.start_wait()
        if waiting:
            callbacks.store.register_token(job, token, now=50.0)
        with inject_faults(injector):
            injector.plan({call: mode})
            try:
                callbacks.send_webhook(job)
            except (Killed, AwsUnavailable):
                injector.restart()
                callbacks.send_webhook(job)
        if not waiting:
            callbacks.store.register_token(job, token, now=200.0)

        assert wait_for_end(execution)["status"] == "SUCCEEDED"
        if not injector.injected:
            break


@pytest.mark.parametrize("mode", FOUR_MODES)
def test_a_wait_that_failed_to_register_is_repeated(
    callbacks: CallbackHarness, mode: Mode
) -> None:
    """The retry must still find the webhook that arrived before."""
    for call in itertools.count():
        injector = FaultInjector()
        job = callbacks.new_job()
        callbacks.send_webhook(job)
        execution, token = callbacks.start_wait()
        with inject_faults(injector):
            injector.plan({call: mode})
            try:
                callbacks.store.register_token(job, token, now=200.0)
            except (Killed, AwsUnavailable):
                injector.restart()
                if not is_over(execution):
                    callbacks.store.register_token(job, token, now=200.0)

        assert wait_for_end(execution)["status"] == "SUCCEEDED"
        if not injector.injected:
            break
