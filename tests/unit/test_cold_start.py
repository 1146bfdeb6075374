"""Cold start: importing a handler loads few modules."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
#: The most modules of `functions` that a handler may load, packages not counted.
_MODULES = {
    "api.handler": 70,
    "approve": 28,
    "begin": 21,
    "check": 31,
    "check_now": 25,
    "conclude": 27,
    "download": 29,
    "finalize_execution": 24,
    "forward_notice": 28,
    "gather": 40,
    "join": 46,
    "intake": 19,
    "listen": 21,
    "manifest": 25,
    "prepare": 68,
    "submit": 39,
    "sweep": 30,
    "webhook": 27,
}
#: Handlers that call no provider, and need neither an adapter nor `requests`.
_WITHOUT_PROVIDER = (
    "api.handler",
    "approve",
    "begin",
    "conclude",
    "finalize_execution",
    "intake",
    "join",
    "listen",
    "manifest",
)
#: Libraries of which each takes longer to import than all the rest of a handler, or
#: loads tens of modules for ten lines of ours.
_HEAVY = {
    "pydantic",
    "jsonschema",
    "aws_xray_sdk",
    "boto3",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.data_classes",
}


@cache
def loaded_modules(handler: str) -> frozenset[str]:
    """Return the names of all modules that importing a handler loads."""
    script = f"import sys; import functions.{handler}; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(process.stdout.split())


def test_every_handler_has_a_limit() -> None:
    """A new function has to state how many modules it needs."""
    handlers = {
        path.relative_to(_ROOT / "functions").with_suffix("").as_posix()
        for path in (_ROOT / "functions").rglob("*.py")
        if "\ndef handler(" in path.read_text("utf-8")
    }

    assert handlers == {name.replace(".", "/") for name in _MODULES}


@pytest.mark.parametrize("handler", _MODULES)
def test_a_handler_loads_few_modules(handler: str) -> None:
    """Each module is read and executed before the first event is handled."""
    loaded = loaded_modules(handler)

    ours = {
        name
        for name in loaded
        if name.startswith("functions.")
        and not (_ROOT / name.replace(".", "/")).is_dir()
    }
    assert len(ours) <= _MODULES[handler], sorted(ours)
    assert not _HEAVY & loaded


@pytest.mark.parametrize("handler", _WITHOUT_PROVIDER)
def test_a_handler_without_a_provider_loads_no_adapter(handler: str) -> None:
    """`requests` alone adds 140 ms of CPU to a cold start."""
    loaded = loaded_modules(handler)

    assert "requests" not in loaded
    assert not {
        name
        for name in loaded
        if name.startswith(("functions.providers.ipqs", "functions.providers.txncheck"))
    }
