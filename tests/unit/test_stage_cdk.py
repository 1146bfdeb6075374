"""The commands of a stage come to the CDK's own without a detour."""

import subprocess
import sys
from subprocess import CompletedProcess

import boto3
import pytest

from infra import config
from tools.stage.__main__ import bootstrap
from tools.stage.account import Account


def test_a_bootstrap_synthesizes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the first command in an account, and knows what to prepare by itself."""
    started: list[list[str]] = []

    def run(command: list[str], **_: object) -> CompletedProcess[str]:
        started.append(command)
        return CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    account = Account(
        account_id="123456789012", region="eu-central-1", session=boto3.Session()
    )

    assert bootstrap(account, config.stage("dev", config.context()["courier"])) == 0

    (command,) = started
    at = command.index("bootstrap")
    assert command[at + 1 : at + 3] == ["aws://123456789012/eu-central-1", "--app="]


def test_the_constructs_are_not_imported() -> None:
    """They start a Node.js process, which takes longer than all else before the CDK."""
    program = "import sys, tools.stage.__main__; print('aws_cdk' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
