"""Removal: whoever deletes a stage finds each thing that AWS does not delete."""

from pathlib import Path

from tests.infra.template import Template, text

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy.md"


def test_every_bucket_is_an_output_and_in_the_document(template: Template) -> None:
    """CloudFormation deletes no bucket that contains objects: a person empties it."""
    outputs = {
        text(output["Value"]): name for name, output in template.body["Outputs"].items()
    }
    removal = DEPLOY.read_text().partition("## Remove it")[2].partition("\n## ")[0]

    for bucket in template.resources("AWS::S3::Bucket"):
        assert f"`{outputs[f'<{bucket}>']}`" in removal, bucket
