"""Tasks end in time."""

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke, passing

SLOW = """
    import time

    def handler(event, context):
        time.sleep(2)
"""
KEEPS = """
    def handler(event, context):
        if event.get("fail"):
            raise ValueError("not delivered")
"""


def test_a_task_times_out(emulator: Emulator, machines: Machines) -> None:
    """As States.Timeout, which a catcher can name."""
    name = functions.create(emulator, SLOW)
    caught = {"ErrorEquals": ["States.Timeout"], "Next": "Caught"}

    output = machines.output(
        {"Call": invoke(name, TimeoutSeconds=1, Catch=[caught]), "Caught": passing()}
    )

    assert output["Error"] == "States.Timeout"


@pytest.mark.holds("timeout_paths")
def test_a_time_out_comes_from_the_input(
    emulator: Emulator, machines: Machines
) -> None:
    """The wait for a webhook is as long as the schedule says."""
    name = functions.create(emulator, SLOW)

    ended = machines.run({"Call": invoke(name, TimeoutSecondsPath="$.s")}, {"s": 1})

    assert ended.get("error") == "States.Timeout"


@pytest.mark.holds("timeout_paths")
def test_a_time_out_has_to_be_a_positive_integer(
    emulator: Emulator, machines: Machines
) -> None:
    """AWS refuses a fraction only when the state is entered."""
    name = functions.create(emulator, KEEPS)

    ended = machines.run({"Call": invoke(name, TimeoutSecondsPath="$.s")}, {"s": 0.5})

    assert ended.get("error") == "States.Runtime"
