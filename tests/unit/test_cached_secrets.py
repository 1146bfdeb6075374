"""Cached secrets: each text is kept for five minutes, by the machine's clock."""

from unittest import mock

import pytest

from functions.aws.secret import CachedSecrets

_MINUTES = 60.0


class _Machine:
    """A clock, and what Secrets Manager has at the time."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.manager = mock.Mock()
        self.store("first")
        self.secrets = CachedSecrets(
            secrets_manager=self.manager, now=lambda: self.time
        )

    def store(self, text: str) -> None:
        self.manager.get_secret_value.return_value = {"SecretString": text}

    def read(self, *, fresh: bool = False) -> str:
        return self.secrets.text("arn", fresh=fresh)


@pytest.fixture
def machine() -> _Machine:
    """Return a machine that has read the secret once."""
    machine = _Machine()
    assert machine.read() == "first"
    machine.store("second")
    return machine


def test_a_secret_is_read_once_in_five_minutes(machine: _Machine) -> None:
    """Each read is charged, for the secret and for its key."""
    machine.time += 4.9 * _MINUTES

    assert machine.read() == "first"
    assert machine.manager.get_secret_value.call_count == 1


def test_an_old_text_is_read_anew(machine: _Machine) -> None:
    """A rotated secret is used everywhere after some minutes."""
    machine.time += 5 * _MINUTES

    assert machine.read() == "second"


def test_a_clock_that_was_set_back_keeps_no_text_for_longer(machine: _Machine) -> None:
    """Its age would be negative for as long as the clock was ahead."""
    machine.time -= 60 * _MINUTES

    assert machine.read() == "second"


def test_a_fresh_read_is_what_counts_afterwards(machine: _Machine) -> None:
    """The provider has rejected the text that was kept."""
    assert machine.read(fresh=True) == machine.read() == "second"


def test_each_secret_has_its_own_text(machine: _Machine) -> None:
    """A function may read those of several accounts."""
    assert machine.secrets.text("another", fresh=False) == "second"
    assert machine.read() == "first"
