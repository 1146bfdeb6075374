"""App: what `cdk` runs, and what the tests and the local stack call.

A synth is pure: no account, no lookups, no Docker; only pip goes to the network,
when the Lambda dependencies have changed.
"""

from pathlib import Path

import infra.node  # isort: skip  # noqa: F401 - aws_cdk starts Node as it is imported

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra import config
from infra.stack import VerdictCourier


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack."""
    return f"VerdictCourier-{stage}"


def synthesize(stage: str | None = None, outdir: Path | None = None) -> Path:
    """Write the cloud assembly and return its directory.

    `stage` defaults to the context's (`cdk synth -c stage=prod`), `outdir` to what
    the CDK's command asks for. Raises RuntimeError when a cdk-nag rule objects.
    """
    app = App(context=config.context(), outdir=str(outdir) if outdir else None)
    name = stage or app.node.get_context("stage")
    VerdictCourier(
        app,
        stack_name(name),
        stage=config.stage(name, app.node.get_context("courier")),
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
    return Path(app.synth().directory)


def main() -> None:
    """Synthesize the stage that the context names."""
    synthesize()


if __name__ == "__main__":
    main()
