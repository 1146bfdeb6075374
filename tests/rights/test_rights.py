"""Rights: without an account of AWS, that nothing is denied and nothing is too much."""

import ast
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.session import get_session

from tests.rights.excuses import EXCUSES
from tests.rights.grants import STATE_MACHINE, Account
from tests.rights.matrix import Matrix, matrix_of
from tests.rights.policy import Grant, allowing
from tests.world.memory_aws.service import snake_case
from tests.world.world import AwsCall

_FUNCTIONS = Path(__file__).parents[2] / "functions"


@pytest.fixture(scope="module")
def matrix(account: Account, calls: Sequence[AwsCall]) -> Matrix:
    """Return the matrix of each stage in turn."""
    return matrix_of(account, calls)


def test_no_call_is_denied(matrix: Matrix) -> None:
    """Of every call under every failure; integration tests make the usual ones."""
    assert not matrix.denied


def test_every_grant_is_needed(matrix: Matrix) -> None:
    """Whoever gets hold of a role can do what it may do."""
    assert not matrix.unneeded


def test_a_grant_taken_out_denies_a_call(matrix: Matrix) -> None:
    """Each grant that anybody takes out of `infra` fails the first test."""
    needed = [g for g in matrix.grants if g.allows and g in matrix.deciding]
    assert len(needed) > 200

    for grant in needed:
        others = [other for other in matrix.grants if other != grant]
        assert not allowing(matrix.deciding[grant], others), grant


@pytest.mark.parametrize(
    ("holder", "action", "resource"),
    [
        ("submit", "s3:PutObject", "arn:aws:s3:::storageresults*"),
        ("manifest", "s3:DeleteObject", "*"),
        ("check", "kms:Decrypt", "*"),
        ("webhook", "dynamodb:Query", "arn:aws:dynamodb:*"),
        ("state machine", "lambda:InvokeFunction", "*:function:api"),
    ],
)
def test_a_grant_put_in_is_noticed(
    matrix: Matrix, account: Account, holder: str, action: str, resource: str
) -> None:
    """One more action, or one that another grant covers, fails the second test."""
    role = account.roles[holder]
    grant = Grant(action=action, resource=resource, holder=role, source="test")

    wider = replace(matrix, grants=[*matrix.grants, grant])

    assert grant in wider.unneeded


def test_every_excuse_is_used(matrix: Matrix) -> None:
    """An excuse that nothing needs would hide a grant one day."""
    assert {*matrix.excused} == {*EXCUSES.values()}


def test_every_call_in_the_code_is_recorded(calls: Sequence[AwsCall]) -> None:
    """A call that no scenario makes would be denied first in production."""
    known = {
        snake_case(name)
        for service in {call.service for call in calls}
        for name in get_session().get_service_model(service).operation_names
    }
    called = {
        node.func.attr
        for path in _FUNCTIONS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert called & known <= {
        snake_case(call.operation)
        for call in calls
        if (call.caller, call.service) != (STATE_MACHINE, "lambda")
    }
