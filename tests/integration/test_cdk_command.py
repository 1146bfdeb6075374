"""The CDK's own command deploys, compares and removes both stages."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.config import stack_name
from local.emulator.process import Emulator
from tests.workflow.engines import node


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Run an emulator that nobody else uses."""
    with Emulator.started(wait_scale=0.0) as started:
        yield started


def _stage(emulator: Emulator, *arguments: str, flags: str = "") -> str:
    """Run `make deploy` and the like without a terminal; return what it prints."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tools.stage", *arguments],
        env={
            **environment,
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_FLAGS": f"--no-notices {flags}",
            # tests/infra compares the same templates with CloudFormation's rules.
            "CDK_VALIDATION": "false",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    output = ran.stdout + ran.stderr
    if "npm error" in output and any(code in output for code in node.UNREACHABLE):
        today = datetime.now(UTC).date()
        pytest.skip(f"SKIPPED on {today}: npm's registry does not answer")
    assert ran.returncode == 0, output[-3000:]
    return output


def _tables(emulator: Emulator) -> dict[str, dict[str, Any]]:
    dynamodb = emulator.client("dynamodb")
    return {
        name: dynamodb.describe_table(TableName=name)["Table"]
        for name in dynamodb.list_tables()["TableNames"]
    }


@pytest.mark.timeout(900)
def test_both_stages_live_and_die(
    emulator: Emulator, assembly: Callable[[str], Path], tmp_path: Path
) -> None:
    """What a person types: bootstrap, deploy, diff without a difference, destroy.

    For prod, the CDK synthesizes each time: the first deployment is another template.
    For dev, it would be the same one, which tests/infra compares with the command's.
    To remove a stage, it needs what it was deployed from, which is kept for that.
    """
    dev, prod = (f"--app={tmp_path / stage}" for stage in ("dev", "prod"))
    shutil.copytree(assembly("dev"), tmp_path / "dev")  # the command writes into it
    _stage(emulator, "bootstrap")
    for stage, deploy, diff in (
        ("dev", dev, dev),
        ("prod", f"--output={tmp_path / 'prod'}", ""),
    ):
        deployed = _stage(emulator, "deploy", "--stage", stage, flags=deploy)
        assert ("This is the first deployment" in deployed) is (stage == "prod")
        compared = _stage(emulator, "diff", "--stage", stage, flags=diff)
        assert "no differences" in compared

    for name, table in _tables(emulator).items():
        assert table.get("DeletionProtectionEnabled", False) is (
            name.startswith(stack_name("prod"))
        ), name

    s3 = emulator.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    (inbox,) = (name for name in buckets if "dev-storageinbox" in name)
    s3.put_object(Bucket=inbox, Key="ipqs/email/a.csv", Body=b"")
    s3.delete_object(Bucket=inbox, Key="ipqs/email/a.csv")

    destroyed = _stage(emulator, "destroy", flags=dev)
    assert "InboxBucket: 2 versions deleted" in destroyed
    retained = _stage(emulator, "destroy", "--stage", "prod", flags=prod)
    assert "AWS::DynamoDB::Table" in retained
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert not [name for name in buckets if "dev-storage" in name]
    assert [name for name in buckets if "prod-storage" in name]
