"""Tasks end at their time-outs."""

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke_task, pass_state

SLEEP = """
    import time

    def handler(event, context):
        time.sleep(2)
"""


def test_task_times_out(emulator: Emulator, machines: Machines) -> None:
    """The error is States.Timeout, which a catcher can match."""
    name = functions.create(emulator, SLEEP)
    catcher = {"ErrorEquals": ["States.Timeout"], "Next": "Caught"}

    output = machines.output(
        {
            "Call": invoke_task(name, TimeoutSeconds=1, Catch=[catcher]),
            "Caught": pass_state(),
        }
    )

    assert output["Error"] == "States.Timeout"


@pytest.mark.correction("timeout_paths")
def test_time_out_comes_from_the_input(emulator: Emulator, machines: Machines) -> None:
    """The schedule computes how long to wait for a webhook."""
    name = functions.create(emulator, SLEEP)

    ended = machines.run(
        {"Call": invoke_task(name, TimeoutSecondsPath="$.s")}, {"s": 1}
    )

    assert ended.get("error") == "States.Timeout"


@pytest.mark.correction("timeout_paths")
def test_time_out_has_to_be_a_positive_integer(
    emulator: Emulator, machines: Machines
) -> None:
    """AWS refuses a fraction when the state is entered."""
    name = functions.create(emulator, "def handler(event, context): ...")

    ended = machines.run(
        {"Call": invoke_task(name, TimeoutSecondsPath="$.s")}, {"s": 0.5}
    )

    assert ended.get("error") == "States.Runtime"
