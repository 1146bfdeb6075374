"""The synth is reproducible and checked, however it is started."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App

from functions.core.settings_parser import ConfigError
from infra import config, credentials
from infra.app import synthesize
from infra.bundling import PROJECT, PYTHON
from infra.bytecode import bytecode_sentence
from infra.stack import VerdictCourier
from tests.infra.conftest import STAGES
from tests.infra.template import Template


def template_bytes(assembly: Path) -> bytes:
    """Return the only template of an assembly, unparsed."""
    (path,) = assembly.glob("*.template.json")
    return path.read_bytes()


def test_the_command_and_the_function_synthesize_the_same_template(
    assembly: Callable[[str], Path], tmp_path: Path
) -> None:
    """Not a byte depends on the process, the PATH or an AWS account.

    The same bytes need not be compared with CloudFormation's rules once more.
    """
    expected = template_bytes(assembly("dev"))
    environment = {"PATH": "/nowhere", "CDK_OUTDIR": str(tmp_path)}
    environment["CDK_VALIDATION"] = "false"
    environment |= {n: v for n, v in os.environ.items() if n.startswith("PIP_")}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "infra.app"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [bytecode_sentence(PYTHON)]
    assert template_bytes(tmp_path) == expected


@pytest.mark.parametrize("stage", STAGES)
def test_a_template_contains_no_local_path(
    assembly: Callable[[str], Path], stage: str
) -> None:
    """A path would make templates of two machines differ, and disclose it."""
    template = template_bytes(assembly(stage)).decode()

    assert str(PROJECT) not in template
    assert str(Path.home()) not in template


@pytest.mark.parametrize("stage", STAGES)
def test_cfn_lint_accepts_the_template(
    assembly: Callable[[str], Path], stage: str
) -> None:
    """It finds mistakes that CloudFormation would reject only while deploying."""
    (template,) = assembly(stage).glob("*.template.json")

    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), template],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_without_acknowledgement_fails_the_synth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules of cdk-nag and of CloudFormation hold for all that is deployed."""
    context = config.context()
    context["courier"]["every_stage"]["web_acl_arn"] = "no ARN"
    monkeypatch.setattr(config, "context", lambda: context)
    monkeypatch.setattr(credentials, "acknowledge", lambda *_: None)

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        synthesize("dev", outdir=tmp_path)

    report = json.loads((tmp_path / "validation-report.json").read_text())
    findings = {
        (plugin["pluginName"], plugin["conclusion"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    }
    assert findings == {
        ("AwsSolutions", "failure", "AwsSolutions-SMG4"),
        ("CloudFormation Validate", "failure", "F3033"),
    }


@pytest.mark.parametrize("stage", STAGES)
def test_an_acknowledgement_has_a_reason_and_is_narrow(
    assembly: Callable[[str], Path], stage: str
) -> None:
    """One for a whole stack would hide the next finding of the same rule."""
    (metadata,) = assembly(stage).glob("*.metadata.json")
    acknowledged = [
        (path, reason)
        for path, entries in json.loads(metadata.read_text()).items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules"
        for reason in entry["data"].values()
    ]

    assert acknowledged
    for path, reason in acknowledged:
        assert len(path.strip("/").split("/")) >= 3, path
        assert len(reason) > 20, path


def test_the_outputs_keep_their_names(template: Template) -> None:
    """The local stack and the run-book use these names."""
    assert set(template.body["Outputs"]) == {
        "InboxBucket",
        "ResultsBucket",
        "AccessLogsBucket",
        "JobsTable",
        "NoticesTopicArn",
        "OperationsTopicArn",
        "StateMachineArn",
        "IpqsSecretArn",
        "TxncheckSecretArn",
        "TxncheckWebhookSecretArn",
        "IntakeQueueUrl",
        "DeadLetterQueueUrl",
        "ReflectDeadLetterQueueUrl",
        "SweepDeadLetterQueueUrl",
        "ApiUrl",
        "DataKeyArn",
    }


def test_resources_have_no_physical_names(template: Template) -> None:
    """Two stages fit into one account, and a resource can be replaced."""
    names = {"BucketName", "TableName", "TopicName", "QueueName", "FunctionName"}
    names |= {"RoleName", "LogGroupName", "StateMachineName", "Name"}

    exempt = {
        "AWS::Lambda::EventSourceMapping",  # refers to a function by its name
        "AWS::Lambda::EventInvokeConfig",  # the same
        "AWS::Lambda::Permission",  # the same
        "AWS::ApiGateway::RestApi",  # required, need not be unique
        "AWS::Logs::QueryDefinition",  # required; contains the name of the stack
    }

    for name, resource in template.body["Resources"].items():
        if resource["Type"] not in exempt:
            assert not names & set(resource.get("Properties", {})), name


def test_settling_has_to_be_longer_than_a_submission(tmp_path: Path) -> None:
    """Otherwise a list could be sent, and paid, again while it is still on its way."""
    context = config.context()
    early = copy.deepcopy(context["courier"])
    early["every_stage"]["providers"]["ipqs"]["settle_seconds"] = 300

    with pytest.raises(ConfigError, match="settle_seconds: must be above Submit's 300"):
        VerdictCourier(
            App(context=context, outdir=str(tmp_path)),
            "Early",
            stage=config.stage("prod", early),
        )
