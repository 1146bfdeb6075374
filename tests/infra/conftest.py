"""Synthesizes each stage once: a synth takes seconds, and nothing changes it."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.app import synthesize
from tests.infra.template import Template

STAGES = ("dev", "prod", "local")


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the cloud assembly of any stage."""

    @cache
    def of(stage: str) -> Path:
        return synthesize(stage, outdir=tmp_path_factory.mktemp(stage))

    return of


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
