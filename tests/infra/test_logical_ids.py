"""A deployment changes what is deployed; it neither deletes nor re-creates it.

`recorded_ids.json` has the logical ids of version 0.1.0, of whatever keeps data, is
called by running executions or by clients, or may exist only once. It leaves out what
CloudFormation can replace unnoticed: roles and their policies, alarms, models.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import STAGES
from tests.infra.template import Template

RECORDED: dict[str, Any] = json.loads(
    Path(__file__).with_name("recorded_ids.json").read_text()
)


@pytest.mark.parametrize("stage", STAGES)
def test_logical_ids_stay(stage: str, assembly: Callable[[str], Path]) -> None:
    """Renaming one would delete and re-create what it names, with its data."""
    recorded = RECORDED["resources"]["every stage"] | RECORDED["resources"][stage]
    resources = Template.read(assembly(stage)).body["Resources"]

    found = {
        name: resources[name]["Type"] if name in resources else "gone"
        for name in recorded
    }

    assert found == recorded


def test_outputs_stay(template: Template) -> None:
    """Scripts and clients read the names of buckets and the API's address by them."""
    assert set(RECORDED["outputs"]) <= template.body["Outputs"].keys()
