"""What all suites share: repeatable examples, and the synthesized app."""

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
    """Return the cloud assembly of any stage; each is synthesized once."""
    from infra.app import synthesize  # noqa: PLC0415 - it starts a Node, which most tests do without

    @cache
    def of(stage: str) -> Path:
        return synthesize(stage, outdir=tmp_path_factory.mktemp(stage))

    return of
