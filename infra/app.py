"""App: synthesize the stack, for the `cdk` command, the tests and the local stack.

No account, lookup or Docker is needed. Only pip uses the network, when the Lambda
dependencies have changed.
"""

import os
import sys
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from functions.core.settings_parser import ConfigError
from infra import config
from infra.bundling import PYTHON, BundlingFailed
from infra.bytecode import THIS_PYTHON, CompilationFailed, bytecode_sentence
from infra.stack import VerdictCourier


def synthesize(
    stage: str | None = None, *, outdir: Path, first_deployment: bool = False
) -> Path:
    """Write the cloud assembly into `outdir` and return it.

    Without a `stage`, that of the context is used (`cdk synth -c stage=prod`).

    Raises:
        ConfigError: A setting is missing or wrong.
        BundlingFailed: The Lambda dependencies could not be installed.
        CompilationFailed: They and our code could not be compiled.
        RuntimeError: cdk-nag has findings; its report is in `outdir`.
    """
    context = config.context()
    if first_deployment:
        context[config.FIRST_DEPLOYMENT] = "true"
    app = App(context=context, outdir=str(outdir))
    name = stage or str(app.node.get_context("stage"))
    stage_settings = config.stage(name, app.node.get_context("courier"))
    VerdictCourier(
        app,
        config.stack_name(name),
        stage=stage_settings,
        protected=str(app.node.try_get_context(config.FIRST_DEPLOYMENT)) != "true",
    )
    python = THIS_PYTHON if name == config.LOCAL else PYTHON
    for sentence in (bytecode_sentence(python), config.quota_sentence(stage_settings)):
        if sentence:
            print(sentence, file=sys.stderr)  # noqa: T201 - what a person must know before
    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
    return Path(app.synth().directory)


def main() -> int:
    """Synthesize for the `cdk` command; print an error in the settings as one line."""
    try:
        synthesize(outdir=Path(os.environ.get("CDK_OUTDIR", "cdk.out")))
    except (ConfigError, BundlingFailed, CompilationFailed) as error:
        print(f"✗ {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
