"""Fixtures of the rights: the calls of all scenarios, and an account of each stage."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.infra.conftest import STAGES
from tests.infra.template import Template
from tests.rights.grants import Account
from tests.rights.recording import record
from tests.world.site import Site
from tests.world.world import AwsCall


@pytest.fixture(scope="module")
def calls(site: Site) -> Sequence[AwsCall]:
    """Return every call that the product makes, of each kind many."""
    return record(site)


@pytest.fixture(scope="module", params=STAGES)
def account(request: pytest.FixtureRequest, assembly: Callable[[str], Path]) -> Account:
    """Return what the template of each stage in turn makes of an account."""
    return Account(Template.read(assembly(request.param)))
