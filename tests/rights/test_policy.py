"""Policy: it decides as the IAM user guide says that IAM does."""

import pytest

from tests.rights.policy import Condition, Grant, Request, allowing, conditions

ROLE = "arn:aws:iam::000000000000:role/one"
OTHER = "arn:aws:iam::000000000000:role/other"
ROOT = "arn:aws:iam::000000000000:root"
OBJECT = "arn:aws:s3:::bucket/a/key"
KEY = "arn:aws:kms:us-east-1:000000000000:key/one"
READ = Grant(action="s3:GetObject", resource="arn:aws:s3:::bucket/*", holder=ROLE)
USE_KEY = Grant(action="kms:Decrypt", resource=KEY, holder=ROLE)


def is_allowed(*grants: Grant, **changes: object) -> bool:
    """Return whether grants allow the role to read an object, or another request."""
    request = {"principal": ROLE, "action": "s3:GetObject", "resource": OBJECT}
    context = frozenset(changes.pop("context", {}).items())  # type: ignore[attr-defined]  # a mapping
    return bool(allowing(Request(**{**request, **changes}, context=context), grants))  # type: ignore[arg-type]  # texts


def test_nothing_is_allowed_by_default() -> None:
    """An implicit deny: no statement, no right."""
    assert not is_allowed()


def test_a_role_has_its_own_grants_only() -> None:
    """A grant of another role is none of ours."""
    assert is_allowed(READ)
    assert not is_allowed(READ, principal=OTHER)


@pytest.mark.parametrize("principal", [ROLE, "*"])
@pytest.mark.parametrize("action", ["s3:*", "s3:GetObject"])
def test_an_explicit_deny_wins(principal: str, action: str) -> None:
    """Whatever allows it, and wherever the deny is."""
    deny = Grant(action=action, resource="*", principals=(principal,), allows=False)

    assert not is_allowed(READ, deny)
    assert not is_allowed(deny, READ)


def test_a_deny_whose_condition_does_not_hold_denies_nothing() -> None:
    """Our buckets deny plain HTTP, and nothing else."""
    deny = Grant(
        action="s3:*",
        resource="*",
        principals=("*",),
        allows=False,
        conditions=(("Bool", "aws:SecureTransport", ("false",)),),
    )

    assert is_allowed(READ, deny, context={"aws:SecureTransport": ("true",)})
    assert not is_allowed(READ, deny, context={"aws:SecureTransport": ("false",)})


def test_the_policy_of_a_resource_is_enough_in_one_account() -> None:
    """It allows those that it names, and a service only by its name."""
    named = Grant(action="s3:GetObject", resource=OBJECT, principals=(ROLE,))

    assert is_allowed(named)
    assert not is_allowed(named, principal=OTHER)
    assert not is_allowed(named, principal="events.amazonaws.com")


def test_a_key_must_let_the_account_decide() -> None:
    """Without the account in its policy a role's grant of a key has no effect."""
    account = Grant(action="kms:*", resource=KEY, principals=(ROOT,))
    use = {"action": "kms:Decrypt", "resource": KEY}

    assert not is_allowed(USE_KEY, **use)
    assert is_allowed(USE_KEY, account, **use)
    assert not is_allowed(account, **use)


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        pytest.param("s3:getobject", OBJECT, True, id="actions have no case"),
        pytest.param("s3:GetObject", OBJECT.upper(), False, id="resources have"),
        pytest.param("s3:Get*", "arn:aws:s3:::bucket/?/k*", True, id="wildcards"),
        pytest.param("s3:GetObject", "arn:aws:s3:::bucket", False, id="the bucket"),
        pytest.param("s3:GetObjectVersion", OBJECT, False, id="a longer action"),
        pytest.param("s3:GetObject", "arn:aws:s3:::[b]ucket/a/key", False, id="sets"),
    ],
)
def test_actions_and_resources_match(
    action: str, resource: str, *, expected: bool
) -> None:
    """Only `*` and `?` have a meaning."""
    grant = Grant(action=action, resource=resource, holder=ROLE)

    assert is_allowed(grant) is expected


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        (("StringEquals", "k", ("a", "b")), ("b",), True),
        (("StringEquals", "k", ("a*",)), ("ab",), False),
        (("StringEquals", "k", ("a",)), (), False),
        (("StringLike", "k", ("a*",)), ("ab",), True),
        (("ForAllValues:StringLike", "k", ("a*",)), ("ab", "ac"), True),
        (("ForAllValues:StringLike", "k", ("a*",)), ("ab", "b"), False),
        (("ForAllValues:StringLike", "k", ("a*",)), (), True),
        (("ArnLike", "k", ("arn:aws:logs:*:1:*",)), ("arn:aws:logs:r:1:g:s",), True),
        (("ArnLike", "k", ("arn:*:g",)), ("arn:aws:logs:r:1:g",), False),
        (("Bool", "k", ("false",)), ("false",), True),
        (("NumericLessThan", "k", ("1.2",)), ("1.1",), True),
        (("NumericLessThan", "k", ("1.2",)), ("1.2",), False),
    ],
    ids=str,
)
def test_conditions_hold(
    condition: Condition, values: tuple[str, ...], *, expected: bool
) -> None:
    """A missing key satisfies ForAllValues and nothing else."""
    grant = Grant(action="*", resource="*", holder=ROLE, conditions=(condition,))

    assert is_allowed(grant, context={"k": values} if values else {}) is expected


def test_all_conditions_must_hold() -> None:
    """They are joined by AND, and the values of one by OR."""
    block = {"StringEquals": {"a": "1", "b": ["1", "2"]}}
    grant = Grant(action="*", resource="*", holder=ROLE, conditions=conditions(block))

    assert is_allowed(grant, context={"a": ("1",), "b": ("2",)})
    assert not is_allowed(grant, context={"a": ("1",), "b": ("3",)})


def test_an_unknown_operator_is_no_guess() -> None:
    """A condition that we cannot judge must not pass as held or as not held."""
    condition = ("IpAddress", "aws:SourceIp", ("10.0.0.0/8",))
    grant = Grant(action="*", resource="*", holder=ROLE, conditions=(condition,))

    with pytest.raises(KeyError):
        is_allowed(grant)
