"""The synth itself: pure, checked, and the same however it is started."""

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
from infra.bundling import PROJECT
from infra.stack import VerdictCourier
from tests.infra.conftest import STAGES
from tests.infra.template import Template


def template_bytes(assembly: Path) -> bytes:
    """Return the only template of an assembly, as it was written."""
    (path,) = assembly.glob("*.template.json")
    return path.read_bytes()


def test_the_command_and_a_call_give_the_same_template(
    assembly: Callable[[str], Path], tmp_path: Path
) -> None:
    """Another process, no Node on the PATH, no account: not a byte differs."""
    expected = template_bytes(assembly("dev"))
    environment = {"PATH": "/nowhere", "CDK_OUTDIR": str(tmp_path)}
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
    assert not done.stderr
    assert template_bytes(tmp_path) == expected


@pytest.mark.parametrize("stage", STAGES)
def test_a_template_names_no_machine(
    assembly: Callable[[str], Path], stage: str
) -> None:
    """A path of ours in it would make it differ, and tell where we build."""
    template = template_bytes(assembly(stage)).decode()

    assert str(PROJECT) not in template
    assert str(Path.home()) not in template


@pytest.mark.parametrize("stage", STAGES)
def test_cfn_lint_has_nothing_to_say(
    assembly: Callable[[str], Path], stage: str
) -> None:
    """It knows what CloudFormation refuses only when it deploys."""
    (template,) = assembly(stage).glob("*.template.json")

    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), template],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_without_a_reason_stops_the_synth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packs are on: take one acknowledgement away, and nothing can be deployed."""
    monkeypatch.setattr(credentials, "acknowledge", lambda *_: None)

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        synthesize("dev", outdir=tmp_path)

    report = json.loads((tmp_path / "validation-report.json").read_text())
    (plugin,) = report["pluginReports"]
    assert [v["ruleName"] for v in plugin["violations"]] == ["AwsSolutions-SMG4"]


@pytest.mark.parametrize("stage", STAGES)
def test_an_acknowledgement_has_a_reason_and_a_place(
    assembly: Callable[[str], Path], stage: str
) -> None:
    """One for a whole stack or construct would hide the next finding of its kind."""
    (path,) = assembly(stage).glob("*.metadata.json")
    acknowledged = [
        (place, reason)
        for place, entries in json.loads(path.read_text()).items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules"
        for reason in entry["data"].values()
    ]

    assert acknowledged
    for place, reason in acknowledged:
        assert len(place.strip("/").split("/")) >= 3, place
        assert len(reason) > 20, place


def test_the_outputs_are_what_others_read(template: Template) -> None:
    """The local stack and the run-book know these names."""
    assert set(template.body["Outputs"]) == {
        "InboxBucket",
        "ResultsBucket",
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
        "ApiUrl",
        "DataKeyArn",
    }


def test_nothing_has_a_physical_name(template: Template) -> None:
    """Two stages live in one account, and a resource can be replaced."""
    names = {"BucketName", "TableName", "TopicName", "QueueName", "FunctionName"}
    names |= {"RoleName", "LogGroupName", "StateMachineName", "Name"}

    exempt = {
        "AWS::Lambda::EventSourceMapping",  # refers to a function by its name
        "AWS::Lambda::EventInvokeConfig",  # the same
        "AWS::Lambda::Permission",  # the same
        "AWS::ApiGateway::RestApi",  # has to have one, which need not be its own
        "AWS::Logs::QueryDefinition",  # has to have one; the stack's name is in it
    }

    for name, resource in template.body["Resources"].items():
        if resource["Type"] not in exempt:
            assert not names & set(resource.get("Properties", {})), name


def test_a_list_is_not_sent_again_while_it_may_be_on_its_way(tmp_path: Path) -> None:
    """Whoever shortens the settling below Submit's time would pay twice, some day."""
    context = config.context()
    early = copy.deepcopy(context["courier"])
    early["every_stage"]["providers"]["ipqs"]["settle_seconds"] = 300

    with pytest.raises(ConfigError, match="settle_seconds: must be above Submit's 300"):
        VerdictCourier(
            App(context=context, outdir=str(tmp_path)),
            "Early",
            stage=config.stage("prod", early),
        )
