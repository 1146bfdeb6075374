"""IPQS: what an account's answer says of the credits that are left."""

import pytest

from functions.core.errors import (
    AnswerLost,
    AnswerUnreadable,
    CredentialsRejected,
    ProviderThrottled,
    ProviderUnavailable,
)
from local.simulators.ipqs import Answer
from tests.contract.harness import KEY
from tests.contract.ipqs_harness import IpqsHarness


@pytest.mark.parametrize("member", ["credits", "credits_remaining"])
def test_reads_the_credits_that_are_left(ipqs: IpqsHarness, member: str) -> None:
    """One name is documented, and the other one seen in a client."""
    ipqs.simulator.behave(credits=100, credits_member=member)
    before = ipqs.provider.credits_left()
    ipqs.submit()

    assert (before, ipqs.provider.credits_left()) == (100, 60)
    assert ipqs.simulator.requests[-1].key_in == {"path"}


def test_an_account_may_be_late(ipqs: IpqsHarness) -> None:
    """How soon it shows an upload is not documented: no number is ever exact."""
    ipqs.simulator.behave(credits=100, credits_lag_seconds=60.0)
    ipqs.submit()

    assert ipqs.provider.credits_left() == 100
    ipqs.simulator.clock.advance(60)
    assert ipqs.provider.credits_left() == 60


@pytest.mark.parametrize(
    "number", [None, -1, True, 1.5, "100", [100], {"left": 100}, 2**63]
)
def test_anything_but_a_number_is_not_known(ipqs: IpqsHarness, number: object) -> None:
    """A wrong number would stop jobs that could be paid."""
    ipqs.script("account", Answer.edited(lambda it: {**it, "credits": number}))

    assert ipqs.provider.credits_left() is None


def test_an_account_need_not_say_it(ipqs: IpqsHarness) -> None:
    """What has been used is no hint: the parts do not even add up to the whole."""
    ipqs.simulator.behave(credits_member=None)

    assert ipqs.provider.credits_left() is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer.http(403), ProviderThrottled),
        (Answer.http(503), ProviderUnavailable),
        (Answer.html(), AnswerUnreadable),
        (Answer.dropped_after(), AnswerLost),
        (Answer.cut_after(30), AnswerLost),
        (Answer.http(200, b"x" * 1024 * 1024 + b"x"), AnswerUnreadable),
    ],
)
def test_a_failed_call_is_an_error(
    ipqs: IpqsHarness, answer: Answer, error: type[Exception]
) -> None:
    """The caller decides what follows; the key, which is in the path, is in none."""
    ipqs.script("account", answer)

    with ipqs.expect_error(error):  # type: ignore[arg-type]  # each is one of ours
        ipqs.provider.credits_left()


@pytest.mark.fault(20)
def test_a_silent_account_is_given_up_soon(
    ipqs: IpqsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may wait for the quote."""
    constant = "functions.providers.ipqs.adapter._CREDITS_SECONDS"
    monkeypatch.setattr(constant, 0.2)
    ipqs.script("account", Answer.hang())

    with ipqs.expect_error(AnswerLost):
        ipqs.provider.credits_left()


@pytest.mark.fault(66)
def test_uses_a_rotated_key_once(ipqs: IpqsHarness) -> None:
    """It may be the first call since the key was changed."""
    ipqs.simulator.rotate_key("rotated " + KEY)

    with ipqs.expect_error(CredentialsRejected):
        ipqs.provider.credits_left()
    ipqs.key.stored = "rotated " + KEY

    assert ipqs.provider.credits_left() is not None
