"""Deploy a stage to AWS, compare it, try it out, and remove it."""

import argparse
import sys
from functools import partial
from typing import Any

from verdict_courier.api_client import ApiClient, ApiUnreachable
from verdict_courier.cli.endpoints import connect
from verdict_courier.stack_checks import StackAccess

from functions.core.settings_parser import ConfigError
from infra import config
from infra.config import stack_name
from local.emulator import clients
from local.stack_record import running_record
from tools.stage import removal
from tools.stage.account import Account, NotReady
from tools.stage.cdk import run_cdk
from tools.stage.smoke import SmokeTest

_NOT_READY = 2


def main() -> int:
    """Run a command, and return its exit code: 2 where the account is not ready."""
    arguments = _parser().parse_args()
    try:
        stage = config.stage(arguments.stage, config.context()["courier"])
        if arguments.command == "smoke" and stage.name == config.LOCAL:
            return _print_findings(_local_smoke_test())
        account = Account.of_environment()
        _say(f"Account {account.account_id}, region {account.region}, {stage.name}")
        command = {
            "bootstrap": bootstrap,
            "deploy": deploy,
            "diff": diff,
            "destroy": destroy,
            "smoke": smoke,
        }[arguments.command]
        return command(account, stage)
    except (NotReady, ConfigError, ApiUnreachable) as error:
        print(f"✗ {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return _NOT_READY


def bootstrap(account: Account, stage: config.Stage) -> int:
    """Prepare the account and region for the CDK."""
    environment = f"aws://{account.account_id}/{account.region}"
    # As it is given, the CDK need not synthesize an app to find it.
    return run_cdk("bootstrap", environment, "--app=", stage=stage.name)


def deploy(account: Account, stage: config.Stage) -> int:
    """Deploy the stage; the first time without, then with the tables' protection."""
    account.require_bootstrap()
    account.require_quota(stage)
    if stage.retain_data and not account.has_stack(stage.name):
        _say("This is the first deployment: the tables are protected once it succeeds.")
        if code := run_cdk("deploy", stage=stage.name, first=True):
            _list_leftovers(account, stage)
            return code
    return run_cdk("deploy", stage=stage.name)


def diff(account: Account, stage: config.Stage) -> int:
    """Compare the stage with what is deployed."""
    account.require_bootstrap()
    return run_cdk("diff", stage=stage.name)


def destroy(account: Account, stage: config.Stage) -> int:
    """Delete the stage: with its data, or, where it retains them, without."""
    outputs = account.outputs(stage.name)
    if stage.retain_data:
        _say(f"{stage.name} retains its data. These stay, until you delete them:")
        cloudformation: Any = account.session.client("cloudformation")
        for line in removal.retained(cloudformation, stack_name(stage.name)):
            if line.startswith(RETAINED):
                _say(f"  {line}")
        return run_cdk("destroy", stage=stage.name)
    if sys.stdin.isatty():
        question = f"Delete {stage.name} with all lists and results? [y/N] "
        if input(question).strip().lower() != "y":
            _say("Nothing was deleted.")
            return 1
    s3: Any = account.session.client("s3")
    for name in removal.BUCKETS:
        _say(f"{name}: {removal.empty(s3, outputs[name])} versions deleted")
    return run_cdk("destroy", "--force", stage=stage.name)


def smoke(account: Account, stage: config.Stage) -> int:
    """Try out the deployed stage, and say what to do about what does not work."""
    api = connect(stage.name, profile=None)
    outputs = account.outputs(stage.name)
    unsigned = ApiClient(outputs["ApiUrl"], region=account.region, credentials=None)
    client: Any = account.session.client
    return _print_findings(
        SmokeTest(
            stack=StackAccess(
                name=stack_name(stage.name), outputs=outputs, client=client
            ),
            api=api,
            unsigned=unsigned,
        )
    )


def _local_smoke_test() -> SmokeTest:
    """Return the test of the stack that `make up` started."""
    record = running_record()
    if record is None:
        raise NotReady("No local stack is running: start one with `make up`.")
    endpoint = record["addresses"]["Endpoint"]
    return SmokeTest(
        stack=StackAccess(
            name=stack_name(config.LOCAL),
            outputs=record["addresses"],
            client=partial(clients.client, endpoint),
        ),
        api=connect(config.LOCAL, profile=None),
        unsigned=None,
    )


def _print_findings(test: SmokeTest) -> int:
    signs = {True: "✓", False: "✗", None: "?"}
    failed = 0
    for finding in test.run():
        _say(f"{signs[finding.ok]} {finding.what:32} {finding.seen}")
        if finding.ok is False:
            failed += 1
            _say(f"    {finding.advice}")
    _say(f"{failed} faults" if failed else "All is well.")
    return int(failed > 0)


#: Types of resources that a stage retains with its data.
RETAINED = (
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket ",
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Topic ",
    "AWS::SQS::Queue ",
    "AWS::StepFunctions::StateMachine",
)


def _list_leftovers(account: Account, stage: config.Stage) -> None:
    cloudformation: Any = account.session.client("cloudformation")
    _say("The deployment failed. What is left of it:")
    for line in removal.retained(cloudformation, stack_name(stage.name)):
        _say(f"  {line}")
    _say("A key awaits its deletion; empty and delete a bucket that received logs.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.stage", description=__doc__)
    commands = ("bootstrap", "deploy", "diff", "destroy", "smoke")
    parser.add_argument("command", choices=commands)
    parser.add_argument("--stage", default="dev", help="a stage of cdk.json")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
