"""Who may do what: the whole table, so that any change of a right shows here."""

import re

import pytest

from functions.core.function_table import FUNCTIONS
from tests.infra.template import Template, listed, text

USES_TABLE_KEY = {
    "kms:Decrypt StorageKey",
    "kms:DescribeKey StorageKey",
    "kms:Encrypt StorageKey",
    "kms:GenerateDataKey StorageKey",
    "kms:ReEncryptFrom StorageKey",
    "kms:ReEncryptTo StorageKey",
}
READS_SECRETS = {
    "secretsmanager:DescribeSecret CredentialsIpqs",
    "secretsmanager:DescribeSecret CredentialsTxncheck",
    "secretsmanager:GetSecretValue CredentialsIpqs",
    "secretsmanager:GetSecretValue CredentialsTxncheck",
}
READS_LISTS = {
    "s3:GetObject StorageInbox/*",
    "s3:GetObjectVersion StorageInbox/*",
    "s3:ListBucket StorageInbox",
}
PUTS_RESULTS = {
    "s3:GetObject StorageResults/*",
    "s3:ListBucket StorageResults",
    "s3:PutObject StorageResults/*",
}
UPLOADS_RESULTS = {
    "kms:Decrypt StorageKey",
    "kms:GenerateDataKey StorageKey",
    "s3:AbortMultipartUpload StorageResults/*",
    *PUTS_RESULTS,
}
ENDS_WAITS = {
    "dynamodb:GetItem StorageWaits",
    "dynamodb:UpdateItem StorageWaits",
    "states:SendTaskSuccess WorkflowMachine",
    *USES_TABLE_KEY,
}
EXECUTIONS = (
    "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
    "WorkflowMachine:*"
)
RIGHTS = {
    "intake": {
        "kms:Decrypt StorageKey",
        "sqs:ChangeMessageVisibility IntakeQueue",
        "sqs:DeleteMessage IntakeQueue",
        "sqs:GetQueueAttributes IntakeQueue",
        "sqs:GetQueueUrl IntakeQueue",
        "sqs:ReceiveMessage IntakeQueue",
        "states:StartExecution WorkflowMachine",
    },
    "submit": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        "dynamodb:UpdateItem StorageWaits",
        *READS_LISTS,
        *READS_SECRETS,
        *USES_TABLE_KEY,
    },
    "check": {"dynamodb:UpdateItem StorageJobs", *READS_SECRETS, *USES_TABLE_KEY},
    "download": {*UPLOADS_RESULTS, *READS_SECRETS},
    "manifest": {
        "kms:Decrypt StorageKey",
        "kms:GenerateDataKey StorageKey",
        *PUTS_RESULTS,
    },
    "conclude": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        *USES_TABLE_KEY,
    },
    "finalize_execution": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        "sns:Publish StorageNotices",
        "sqs:SendMessage ReflectionDeadLetters",
        f"states:DescribeExecution {EXECUTIONS}",
        f"states:GetExecutionHistory {EXECUTIONS}",
        *USES_TABLE_KEY,
    },
    "api": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:Query StorageJobs/index/by_month",
        "dynamodb:UpdateItem StorageJobs",
        "s3:GetObject StorageResults/*",
        "s3:ListBucket StorageResults",
        "s3:PutObject StorageInbox/ipqs/*",
        "s3:PutObject StorageInbox/txncheck/*",
        "states:StartExecution WorkflowMachine",
        f"states:DescribeExecution {EXECUTIONS}",
        f"states:GetExecutionHistory {EXECUTIONS}",
        f"states:StopExecution {EXECUTIONS}",
        *USES_TABLE_KEY,
    },
    "listen": ENDS_WAITS,
    "webhook": {
        "secretsmanager:DescribeSecret CredentialsTxncheckWebhook",
        "secretsmanager:GetSecretValue CredentialsTxncheckWebhook",
        *ENDS_WAITS,
    },
    "prepare": {
        "kms:Decrypt StorageKey",
        "kms:GenerateDataKey StorageKey",
        "s3:PutObject StorageInbox/batches/*",
        *READS_LISTS,
    },
    "gather": {"s3:GetObject StorageInbox/batches/*", *UPLOADS_RESULTS},
}
#: The CDK's for the children of a Distributed Map, and the list of their requests.
OF_A_BATCH = {
    "s3:GetObject StorageInbox/batches/*",
    "states:StartExecution WorkflowMachine",
    f"states:DescribeExecution {EXECUTIONS}",
    f"states:StopExecution {EXECUTIONS}",
    f"states:RedriveExecution {EXECUTIONS.removesuffix(':*')}/*:*",
}
# AWS knows no resources for these; each is acknowledged where it is granted.
WITHOUT_RESOURCE = re.compile(
    r"xray:(Put|GetSampling)\w+"
    r"|logs:(\w+LogDelivery|ListLogDeliveries|\w+Polic(y|ies)|DescribeLogGroups)"
    r"|logs:(Create|Describe)Log(Group|Stream)s?|logs:(Put|Get|Filter)LogEvents"
)


def rights(template: Template, name: str) -> set[str]:
    """Return a function's rights, as `action resource`, without logs and traces."""
    role = template.functions()[name]["Role"]["Fn::GetAtt"][0]
    return {
        f"{action} {plain(resource)}"
        for action, resource in template.rights(role)
        if not action.startswith(("logs:", "xray:"))
    }


def plain(resource: str) -> str:
    """Write `<StorageJobs4C7573CB.Arn>` as `StorageJobs`."""
    return re.sub(r"<(\w+?)[0-9A-F]{8}(\.Arn|\.Name)?>", r"\1", resource)


@pytest.mark.parametrize("name", RIGHTS)
def test_a_function_may_do_this_and_no_more(template: Template, name: str) -> None:
    """A stolen role is worth what it may do."""
    assert rights(template, name) == RIGHTS[name]


@pytest.mark.parametrize("name", RIGHTS)
def test_a_function_writes_to_its_own_log_only(template: Template, name: str) -> None:
    """The managed policy would let it write to every log of the account."""
    role = template.functions()[name]["Role"]["Fn::GetAtt"][0]
    logs = {(a, plain(r)) for a, r in template.rights(role) if a.startswith("logs:")}

    group = f"Functions{FUNCTIONS[name].construct_id or name.capitalize()}Logs"
    assert logs == {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


@pytest.mark.parametrize(
    ("right", "holders"),
    [
        pytest.param(
            r"s3:(Put|Abort|Create|Replicate|Restore)\w* StorageR",
            {"download", "manifest", "gather"},
            id="write results",
        ),
        pytest.param(
            r"s3:(Put|Abort|Create|Replicate|Restore)\w* StorageInbox/batches",
            {"prepare"},
            id="write what a batch is made into",
        ),
        pytest.param(r"states:SendTask", {"listen", "webhook"}, id="end a wait"),
        pytest.param(
            r"secretsmanager:GetSecretValue \w+Webhook",
            {"webhook"},
            id="read what webhooks are signed with",
        ),
        pytest.param(
            r"secretsmanager:GetSecretValue \w+(?<!Webhook)$",
            {"submit", "check", "download"},
            id="read a provider's key",
        ),
    ],
)
def test_only_these_may(template: Template, right: str, holders: set[str]) -> None:
    """Said apart from the table: this one must hold however the table changes."""
    found = {
        name
        for name in template.functions()
        if any(re.match(right, known) for known in rights(template, name))
    }

    assert found == holders


def test_nobody_deletes_data(template: Template) -> None:
    """What is stored goes by its expiry; a message is deleted when it is handled."""
    deleting = {
        (action, resource)
        for role in template.resources("AWS::IAM::Role")
        for action, resource in template.rights(role)
        if re.search(r":(Batch)?Delete|BatchWrite|:\*", action)
    }

    assert {action for action, _ in deleting} <= {
        "sqs:DeleteMessage",
        "logs:DeleteLogDelivery",
    }


def test_no_right_is_wider_than_its_name(template: Template) -> None:
    """No `*` in an action; in a resource only objects, versions and what has none."""
    for role in template.resources("AWS::IAM::Role"):
        for action, resource in template.rights(role):
            assert "*" not in action
            if "*" in resource:
                assert (
                    re.fullmatch(r"s3:\w*Object\w*|s3:AbortMultipartUpload", action)
                    or (action == "lambda:InvokeFunction" and resource.endswith(":*"))
                    or re.search(r":execution:<\w+\.Name>(/\*)?:\*$", resource)
                    or (resource == "*" and WITHOUT_RESOURCE.fullmatch(action))
                ), (action, resource)


def test_no_role_has_a_managed_policy(template: Template) -> None:
    """AWS' own policies are wide, and change without us."""
    for role in template.properties("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role


def test_a_role_is_for_one_service(template: Template) -> None:
    """Neither a person nor another account can take a function's role."""
    for role in template.properties("AWS::IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"]["Service"] in {
            "lambda.amazonaws.com",
            "states.amazonaws.com",
            "apigateway.amazonaws.com",
        }


def test_the_machine_starts_itself_and_reads_lists_of_requests(
    template: Template,
) -> None:
    """Its role could otherwise read every upload, or run something of others."""
    (machine,) = template.properties("AWS::StepFunctions::StateMachine").values()
    role = machine["RoleArn"]["Fn::GetAtt"][0]

    found = {
        f"{action} {plain(resource)}"
        for action, resource in template.rights(role)
        if action.startswith(("s3:", "states:"))
    }
    assert found == OF_A_BATCH


def test_the_machine_calls_our_functions_and_the_topic_only(
    template: Template,
) -> None:
    """Whatever its definition says, its role ends there."""
    (machine,) = template.properties("AWS::StepFunctions::StateMachine").values()
    role = machine["RoleArn"]["Fn::GetAtt"][0]
    functions = template.resources("AWS::Lambda::Function")
    topics = template.resources("AWS::SNS::Topic")

    for statement in template.statements(role):
        for action in listed(statement["Action"]):
            service = action.split(":")[0]
            assert service in {"lambda", "sns", "kms", "logs", "xray", "s3", "states"}
    for action, resource in template.rights(role):
        target = resource.strip("<>").partition(".")[0].partition(">")[0]
        if action.startswith("lambda:"):
            assert action == "lambda:InvokeFunction"
            assert target in functions
            assert not re.search("Intake|Api|Reflect|Webhook", target)
        if action.startswith("sns:"):
            assert action == "sns:Publish"
            assert target in topics


def test_the_machine_may_use_its_key(template: Template) -> None:
    """The CDK's own grant names a machine without a name and would never hold."""
    (machine,) = template.properties("AWS::StepFunctions::StateMachine").values()
    role = machine["RoleArn"]["Fn::GetAtt"][0]
    unconditional = {
        action
        for statement in template.statements(role)
        if "Condition" not in statement
        for action in listed(statement["Action"])
    }

    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= unconditional


@pytest.mark.parametrize(
    ("function", "items"),
    [("listen", "wait:*"), ("webhook", "wait:*"), ("submit", "pace:*")],
)
def test_waits_and_slots_are_kept_apart(
    template: Template, function: str, items: str
) -> None:
    """The function that the internet reaches cannot stop the submissions."""
    role = template.functions()[function]["Role"]["Fn::GetAtt"][0]
    (statement,) = (
        statement
        for statement in template.statements(role)
        if any("StorageWaits" in text(one) for one in listed(statement["Resource"]))
    )

    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [items]}
    }
