"""App: what `cdk` runs, and what the tests and the local stack call.

A synth is pure: no account, no lookups, no Docker; only pip goes to the network,
when the Lambda dependencies have changed.
"""

import os
import sys
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from functions.core.settings_parser import ConfigError
from infra import config
from infra.bundling import BundlingFailed
from infra.stack import VerdictCourier


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack."""
    return f"VerdictCourier-{stage}"


def synthesize(stage: str | None = None, *, outdir: Path) -> Path:
    """Write the cloud assembly into `outdir` and return it.

    Without a `stage` it is the context's (`cdk synth -c stage=prod`). Raises
    ConfigError for a bad setting, BundlingFailed without the Lambda dependencies,
    and RuntimeError when a cdk-nag rule objects; the report is in `outdir`.
    """
    app = App(context=config.context(), outdir=str(outdir))
    name = stage or str(app.node.get_context("stage"))
    VerdictCourier(
        app,
        stack_name(name),
        stage=config.stage(name, app.node.get_context("courier")),
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
    return Path(app.synth().directory)


def main() -> int:
    """Synthesize as `cdk` asks for it; a mistake in the settings is one line."""
    try:
        synthesize(outdir=Path(os.environ.get("CDK_OUTDIR", "cdk.out")))
    except (ConfigError, BundlingFailed) as mistake:
        print(f"✗ {mistake}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
