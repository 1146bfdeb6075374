"""Model: no sequence of commands pays twice, loses a job, or tells what is not so."""

import os
from collections.abc import Callable, Mapping

import pytest

from tests.model.earlier_faults import EARLIER_FAULTS
from tests.model.machine import STOP, ProductMachine, Violation
from tests.model.run import run_examples
from tests.world.injection import Mode
from tests.world.site import Site

#: The same ones each time; a nightly run can have thousands.
_EXAMPLES = int(os.environ.get("FAULT_MODEL_EXAMPLES", "20"))

_Commands = tuple[Callable[[ProductMachine], None], ...]

#: The shortest examples that find the earlier faults, in their order.
_SHORTEST: Mapping[str, _Commands] = dict(
    zip(
        EARLIER_FAULTS,
        (
            (
                lambda model: model.upload("batch"),
                lambda model: model.wait(5.0),
                lambda model: model.use_the_id_of_a_request(0),
            ),
            (
                lambda model: model.upload("list"),
                lambda model: model.wait(3_600.0),
                lambda model: model.new_execution(0),
                lambda model: model.wait(3_600.0),
            ),
            (
                lambda model: model.upload("list", "API"),
                lambda model: model.cancel(0, (Mode.ERROR_BEFORE, STOP), False),
                lambda model: model.wait(60.0),
            ),
            (
                lambda model: model.upload("list", "API"),
                lambda model: model.cancel(0),
                lambda model: model.retry(0),
            ),
            (
                lambda model: model.upload("list"),
                lambda model: model.wait(5.0),
                lambda model: model.stop(0),
                lambda model: model.retry(0),
            ),
        ),
        strict=True,
    )
)


@pytest.mark.fault(39)
@pytest.mark.fault(101)
@pytest.mark.fault(102)
def test_any_sequence_of_commands_keeps_the_invariants(site: Site) -> None:
    """People, AWS and providers do things in an order that no test thought of."""
    run_examples(site, _EXAMPLES)


@pytest.mark.parametrize("fault", EARLIER_FAULTS)
def test_finds_the_faults_of_the_earlier_release(site: Site, fault: str) -> None:
    """A model that cannot fail shows nothing; `python -m tests.model` searches."""
    _carry_out(ProductMachine(site), _SHORTEST[fault])

    with EARLIER_FAULTS[fault](), pytest.raises(Violation):
        _carry_out(ProductMachine(site), _SHORTEST[fault])


def test_an_end_before_the_beginning_is_announced_once(site: Site) -> None:
    """The execution that comes later finds an end of which everybody knows."""
    _carry_out(
        ProductMachine(site),
        (
            lambda model: model.upload("list", "nobody"),
            lambda model: model.new_execution(0),
            lambda model: model.stop(0),
            lambda model: model.wait(5.0),
            lambda model: model.announce(0),
            lambda model: model.wait(5.0),
        ),
    )


def _carry_out(model: ProductMachine, commands: _Commands) -> None:
    for command in commands:
        command(model)
        model.all_is_as_it_must_be()
    model.teardown()
