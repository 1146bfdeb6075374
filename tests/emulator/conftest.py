"""One emulator for all these tests, and the switch that leaves a correction out."""

from collections.abc import Iterator

import pytest

from local.emulator.process import Emulator
from tests.emulator.alarms import Alarms
from tests.emulator.machines import Machines


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--leave-out CORRECTION`."""
    parser.addoption(
        "--leave-out",
        metavar="CORRECTION",
        help="run the tests of one correction without it; they must fail",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker that ties a test to the correction it holds."""
    config.addinivalue_line(
        "markers", "holds(correction): a test that fails without this correction"
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Without a correction, keep only its tests and expect them to fail."""
    # pytest knows the option only when it is given this directory to start from.
    left_out = config.getoption("--leave-out", default=None)
    if left_out is None:
        return
    held = [
        item
        for item in items
        if left_out in [mark.args[0] for mark in item.iter_markers("holds")]
    ]
    for item in held:
        item.add_marker(pytest.mark.xfail(reason=f"without {left_out}", strict=True))
    config.hook.pytest_deselected(items=[item for item in items if item not in held])
    items[:] = held


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator that skips waiting."""
    left_out = request.config.getoption("--leave-out", default=None)
    with Emulator.started(without=[left_out] if left_out else []) as started:
        yield started


@pytest.fixture
def machines(emulator: Emulator) -> Iterator[Machines]:
    """State machines of one test."""
    machines = Machines(emulator)
    yield machines
    machines.stop_all()


@pytest.fixture
def real_time(emulator: Emulator) -> Iterator[None]:
    """Wait states that last as long as they say."""
    emulator.set_wait_scale(1)
    yield
    emulator.set_wait_scale(0)


@pytest.fixture
def alarms(emulator: Emulator) -> Iterator[Alarms]:
    """Alarms whose minute lasts half a second."""
    emulator.set_period_scale(0.5 / 60)
    alarms = Alarms(emulator)
    yield alarms
    alarms.delete_all()
    emulator.set_period_scale(1)
