"""The templates of the stages."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import config
from tests.infra.template import Template

STAGES = ("dev", "prod", "local")
#: Settings that add something to a stage, or change a number, none as in cdk.json.
CHANGED: Mapping[str, Any] = {
    "api_snap_start": True,
    "batch_max_concurrency": 7,
    "debug_sample_rate": 0.05,
    "otel_layer_arn": "arn:aws:lambda:eu-central-1:123456789012:layer:opentelemetry:1",
    "state_machine_log": "ERROR",
    "web_acl_arn": "arn:aws:wafv2:eu-west-1:1:regional/webacl/x",
}


@pytest.fixture(scope="session")
def prod(assembly: Callable[[str], Path]) -> Template:
    """Return the template of production."""
    return Template.read(assembly("prod"))


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of production with all of the changed settings at once."""
    from infra.app import synthesize  # noqa: PLC0415 - it starts Node, and tests/rights reads this module, too

    context = config.context()
    context["courier"]["stages"]["prod"] |= CHANGED
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "context", lambda: context)
        outdir = tmp_path_factory.mktemp("changed")
        return Template.read(synthesize("prod", outdir=outdir))


@pytest.fixture(scope="session", params=STAGES)
def template(
    request: pytest.FixtureRequest, assembly: Callable[[str], Path]
) -> Template:
    """Return the template of each stage in turn, for what holds in all of them."""
    return Template.read(assembly(request.param))
