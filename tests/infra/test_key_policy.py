"""Key policy: each service that uses the key by itself may, for this account only."""

import pytest

from tests.infra.template import Template, as_list, text

#: Who uses the key without a role of ours: the actions that it needs, and the condition
#: that keeps other accounts out. Sources: the developer guides of SQS ("Configure KMS
#: permissions for AWS services"), SNS ("Enable compatibility between event sources from
#: AWS services and encrypted topics"), CloudWatch Logs ("Encrypt log data") and Step
#: Functions ("Data at rest encryption").
SERVICES = [
    (
        "events.amazonaws.com",
        {"kms:Decrypt", "kms:GenerateDataKey*"},
        "aws:SourceAccount",
    ),
    # The CDK adds it to every state machine that has both a key and a log.
    ("delivery.logs.amazonaws.com", {"kms:Decrypt*"}, None),
    (
        "cloudwatch.amazonaws.com",
        {"kms:Decrypt", "kms:GenerateDataKey"},
        "aws:SourceAccount",
    ),
    (
        "logs.<AWS::Region>.amazonaws.com",
        {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"},
        "kms:EncryptionContext:aws:logs:arn",
    ),
]


@pytest.mark.parametrize(
    ("service", "actions", "condition"), SERVICES, ids=[row[0] for row in SERVICES]
)
def test_a_service_may_use_the_key_for_this_account(
    template: Template, service: str, actions: set[str], condition: str | None
) -> None:
    """Without its statement a service fails in silence: uploads start nothing."""
    key = template.only("AWS::KMS::Key")
    statements = [
        statement
        for statement in key["KeyPolicy"]["Statement"]
        if service == text(statement["Principal"].get("Service", ""))
    ]
    granted = {
        action
        for statement in statements
        for action in as_list(statement["Action"])
        if statement["Effect"] == "Allow"
    }

    assert actions <= granted
    for statement in statements if condition else []:
        operators = statement["Condition"].values()
        assert any(condition in operator for operator in operators), service


def test_the_key_serves_nobody_else(template: Template) -> None:
    """A statement that no integration needs is a right that somebody could use."""
    key = template.only("AWS::KMS::Key")
    services = {
        text(statement["Principal"]["Service"])
        for statement in key["KeyPolicy"]["Statement"]
        if "Service" in statement["Principal"]
    }

    assert services == {service for service, _, _ in SERVICES}
