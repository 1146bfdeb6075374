"""Fixtures of all suites: repeatable examples and the synthesized app."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

import infra.node  # noqa: F401 - aws_cdk starts Node as it is imported

settings.register_profile(
    "repeatable", derandomize=True, max_examples=100, deadline=None
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a stage to its cloud assembly, synthesized once."""
    from infra.app import synthesize  # noqa: PLC0415 - it starts Node, which most tests do not need

    @cache
    def synthesize_once(stage: str) -> Path:
        return synthesize(stage, outdir=tmp_path_factory.mktemp(stage))

    return synthesize_once
