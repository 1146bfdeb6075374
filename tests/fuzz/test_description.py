"""API description: the API conforms to its OpenAPI document, whatever is sent."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.stack import running
from tools.openapi import DOCUMENT

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
#: How many requests are made up for a route, of each kind.
_EXAMPLES = 200 if os.environ.get("CI") else 100


@pytest.mark.fault(86)
@pytest.mark.fault(87)
@pytest.mark.fault(88)
@pytest.mark.timeout(600)
def test_conforms_to_its_description(assembly: Callable[[str], Path]) -> None:
    """Clients are generated from the document, so every response has to match it."""
    with running(wait_scale=1.0, auth=True, assembly=assembly("local")) as stack:
        completed = _run_schemathesis(stack.api_url)

    assert completed.returncode == 0, completed.stdout[-20_000:]


def _run_schemathesis(url: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "schemathesis.cli"]
    command += ["--config-file", str(_HERE / "schemathesis.toml"), "run"]
    command += [str(DOCUMENT), f"--url={url}", f"--max-examples={_EXAMPLES}"]
    command += ["--checks=all", "--generation-deterministic", "--no-color"]
    # The check expects 401 without Authorization, where API Gateway returns 403;
    # tests/integration/test_api.py tests that for every route.
    command += ["--exclude-checks=missing_required_header"]
    command += ["--suppress-health-check=all", "--request-timeout=30"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.signing"}
    return subprocess.run(
        command,
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
