"""The templates of the stages, read once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.template import Template

STAGES = ("dev", "prod", "local")


@pytest.fixture(scope="session")
def prod(assembly: Callable[[str], Path]) -> Template:
    """Give the template that goes to production."""
    return Template.read(assembly("prod"))


@pytest.fixture(scope="session", params=STAGES)
def template(
    request: pytest.FixtureRequest, assembly: Callable[[str], Path]
) -> Template:
    """Give each stage's template in turn, for promises that hold in all of them."""
    return Template.read(assembly(request.param))
