"""What all suites share: the synthesized app, made once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.app import synthesize


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the cloud assembly of any stage; a synth takes seconds."""

    @cache
    def of(stage: str) -> Path:
        return synthesize(stage, outdir=tmp_path_factory.mktemp(stage))

    return of
