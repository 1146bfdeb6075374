"""What a cold start of the front loads: a person waits for it."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
#: Each would cost more than all the rest of the handler together.
_HEAVY = {"pydantic", "requests", "jsonschema", "aws_xray_sdk"}


@pytest.mark.parametrize("handler", ["api.handler", "finalize_execution"])
def test_the_front_loads_nothing_heavy(handler: str) -> None:
    """Neither speaks to a provider; validation is a module of ours."""
    asked = f"import sys; import functions.{handler}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not _HEAVY & {name.partition(".")[0] for name in loaded}
    assert len(loaded) <= 620
