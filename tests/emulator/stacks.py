"""CDK assemblies as `cdk synth` writes them, with one asset."""

import json
import textwrap
import uuid
from pathlib import Path
from typing import Any

Resources = dict[str, dict[str, Any]]

ASSETS_BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
ASSET_KEY = "asset.zip"
# Reports the records whose key contains "bad" as failed.
ASSET_SOURCE = """
    import json

    def handler(event, context):
        bad = [
            record["messageId"]
            for record in event["Records"]
            if "bad" in json.loads(record["body"])["detail"]["object"]["key"]
        ]
        return {"batchItemFailures": [{"itemIdentifier": item} for item in bad]}
"""
TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ],
}
FUNCTION_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": TRUST_POLICY},
}


def write_assembly(
    path: Path,
    resources: Resources,
    outputs: dict[str, object] | None = None,
    **template: Any,  # noqa: ANN401 - JSON
) -> tuple[Path, str]:
    """Write an assembly of one stack; return its directory and the stack's name."""
    stack = f"stack-{uuid.uuid4()}"
    write_template(path, stack, resources, outputs, **template)
    asset = path / "asset.1"
    asset.mkdir(exist_ok=True)
    (asset / "app.py").write_text(textwrap.dedent(ASSET_SOURCE))
    destination = {"bucketName": ASSETS_BUCKET, "objectKey": ASSET_KEY}
    source = {"path": "asset.1", "packaging": "zip"}
    manifest = {"files": {"1": {"source": source, "destinations": {"d": destination}}}}
    (path / f"{stack}.assets.json").write_text(json.dumps(manifest))
    return path, stack


def write_template(
    path: Path,
    stack: str,
    resources: Resources,
    outputs: dict[str, object] | None = None,
    **template: Any,  # noqa: ANN401 - JSON
) -> None:
    """Write the template of a stack into its assembly."""
    document = {
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()},
        **template,
    }
    (path / f"{stack}.template.json").write_text(json.dumps(document))
