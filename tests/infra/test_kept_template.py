"""The template that is kept for those without the CDK is the synthesized one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.bundling import ASSETS, HOST
from local.kept_template import KEPT, keep, unpack
from tests.infra.template import Template


@pytest.fixture
def text(assembly: Callable[[str], Path]) -> str:
    """Return the text to keep of what is synthesized now."""
    return keep(assembly("local"))


def test_it_is_current(text: str) -> None:
    """A newcomer tries out what is deployed, not what was some time ago."""
    is_current = text == KEPT.read_text("utf-8")  # a diff of both takes minutes

    assert is_current, "infra/local_template.json is out of date: run `make template`"


def test_it_does_not_depend_on_the_code_of_the_functions(
    assembly: Callable[[str], Path], text: str
) -> None:
    """Otherwise each commit would change it."""
    (manifest,) = assembly("local").glob("*.assets.json")

    hashes = list(json.loads(manifest.read_text())["files"])
    assert hashes
    assert not [hash_ for hash_ in hashes if hash_ in text]


def test_each_function_gets_its_asset(text: str, tmp_path: Path) -> None:
    """The code is that of the checkout, and only Join has DuckDB."""
    unpack(text, tmp_path)

    (manifest,) = tmp_path.glob("*.assets.json")
    paths = {
        destination["objectKey"]: Path(asset["source"]["path"])
        for asset in json.loads(manifest.read_text())["files"].values()
        for destination in asset["destinations"].values()
    }
    for name, function in Template.read(tmp_path).functions().items():
        asset = "join" if name == "join" else "functions"
        assert paths[function["Code"]["S3Key"]] == ASSETS[asset](HOST)


def test_everything_else_is_as_synthesized(
    assembly: Callable[[str], Path], text: str, tmp_path: Path
) -> None:
    """Nothing is lost between the tree and the emulator."""
    unpack(text, tmp_path)

    expected, unpacked = (
        Template.read(folder).body for folder in (assembly("local"), tmp_path)
    )
    for template in (expected, unpacked):
        for function in Template(template).functions().values():
            del function["Code"]["S3Key"]
    assert unpacked == expected
