"""Run: carry out examples of the machine."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import ProductMachine, Progress
from tests.world.site import Site

#: The most commands of an example.
STEPS = 15


def run_examples(
    site: Site,
    examples: int,
    search: settings | None = None,
    progress: Progress | None = None,
) -> None:
    """Carry out examples at a site; raise the violation that is found."""

    class Example(ProductMachine):
        def __init__(self) -> None:
            super().__init__(site, progress)

    run_state_machine_as_test(
        Example,
        settings=settings(
            search,
            max_examples=examples,
            stateful_step_count=STEPS,
            # An example is a whole world, and most of them are larger than a value.
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
