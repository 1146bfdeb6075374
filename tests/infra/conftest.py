"""The templates of the stages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.template import Template

STAGES = ("dev", "prod", "local")


@pytest.fixture(scope="session")
def prod(assembly: Callable[[str], Path]) -> Template:
    """Return the template of production."""
    return Template.read(assembly("prod"))


@pytest.fixture(scope="session", params=STAGES)
def template(
    request: pytest.FixtureRequest, assembly: Callable[[str], Path]
) -> Template:
    """Return the template of each stage in turn, for what holds in all of them."""
    return Template.read(assembly(request.param))
