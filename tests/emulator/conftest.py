"""One emulator for all tests, and the option that leaves a correction out."""

from collections.abc import Iterator

import pytest

from local.emulator.process import Emulator
from tests.emulator.machines import Machines


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--leave-out CORRECTION`."""
    parser.addoption(
        "--leave-out",
        metavar="CORRECTION",
        help="run the tests of one correction without it; they must fail",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that ties a test to a correction."""
    config.addinivalue_line(
        "markers", "correction(name): a test that fails without this correction"
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """When a correction is left out, select its tests and expect them to fail."""
    # pytest knows the option only if this directory is given on the command line.
    left_out = config.getoption("--leave-out", default=None)
    if left_out is None:
        return
    selected = [
        item
        for item in items
        if left_out in [mark.args[0] for mark in item.iter_markers("correction")]
    ]
    for item in selected:
        item.add_marker(pytest.mark.xfail(reason=f"without {left_out}", strict=True))
    config.hook.pytest_deselected(
        items=[item for item in items if item not in selected]
    )
    items[:] = selected


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator that skips waits."""
    left_out = request.config.getoption("--leave-out", default=None)
    with Emulator.started(without=[left_out] if left_out else []) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def auth_emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator that enforces policies and signatures, and skips waits."""
    left_out = request.config.getoption("--leave-out", default=None)
    without = [left_out] if left_out else []
    with Emulator.started(auth=True, without=without) as emulator:
        yield emulator


@pytest.fixture
def machines(emulator: Emulator) -> Iterator[Machines]:
    """State machines, stopped after the test."""
    machines = Machines(emulator)
    yield machines
    machines.stop_all()


@pytest.fixture
def real_time(emulator: Emulator) -> Iterator[None]:
    """Wait states of their real length."""
    emulator.set_wait_scale(1)
    yield
    emulator.set_wait_scale(0)
