"""The rights of every role, in full, so that each change shows here.

`tests/rights` says which calls need them.
"""

import re

import pytest

from functions.core.function_table import FUNCTIONS
from tests.infra.template import Template, as_list, text

USE_TABLE_KEY = {
    "kms:Decrypt StorageKey",
    "kms:DescribeKey StorageKey",
    "kms:Encrypt StorageKey",
    "kms:GenerateDataKey StorageKey",
    "kms:ReEncryptFrom StorageKey",
    "kms:ReEncryptTo StorageKey",
}
READ_SECRETS = {
    "secretsmanager:GetSecretValue CredentialsIpqs",
    "secretsmanager:GetSecretValue CredentialsTxncheck",
}
READ_MEMORY_SECRET = "secretsmanager:GetSecretValue CredentialsMemory"
READ_LISTS = {
    "s3:GetObjectVersion StorageInbox/*",
    "s3:ListBucket StorageInbox",
}
WRITE_RESULTS = {
    "s3:GetObject StorageResults/*",
    "s3:ListBucket StorageResults",
    "s3:PutObject StorageResults/*",
}
WRITE_RESULTS_IN_PARTS = {
    "kms:Decrypt StorageKey",
    "kms:GenerateDataKey StorageKey",
    "s3:AbortMultipartUpload StorageResults/*",
    *WRITE_RESULTS,
}
COMPLETE_WAITS = {
    "dynamodb:GetItem StorageWaits",
    "dynamodb:UpdateItem StorageWaits",
    "states:SendTaskSuccess WorkflowMachine",
    "states:SendTaskSuccess WorkflowMachine/*",
    *USE_TABLE_KEY,
}
EXECUTIONS = (
    "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
    "WorkflowMachine:*"
)
RIGHTS = {
    "intake": {
        "kms:Decrypt StorageKey",
        "sqs:DeleteMessage IntakeQueue",
        "sqs:GetQueueAttributes IntakeQueue",
        "sqs:ReceiveMessage IntakeQueue",
        "states:StartExecution WorkflowMachine",
    },
    "begin": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        *USE_TABLE_KEY,
    },
    "submit": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        "dynamodb:GetItem StorageWaits",
        "dynamodb:UpdateItem StorageWaits",
        "s3:GetObject StorageResults/*/error*",
        "s3:ListBucket StorageResults",
        "s3:PutObject StorageResults/*/error*",
        *READ_LISTS,
        *READ_SECRETS,
        *USE_TABLE_KEY,
    },
    "check": {
        "dynamodb:UpdateItem StorageJobs",
        "s3:GetObject StorageResults/*/error*",
        "s3:ListBucket StorageResults",
        "s3:PutObject StorageResults/*/error*",
        *READ_SECRETS,
        *USE_TABLE_KEY,
    },
    "check_now": {"kms:Decrypt StorageKey", *READ_SECRETS},
    "download": {*WRITE_RESULTS_IN_PARTS, *READ_SECRETS},
    "manifest": {
        "dynamodb:GetItem StorageJobs",
        *USE_TABLE_KEY,
        *WRITE_RESULTS,
    },
    "conclude": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        *USE_TABLE_KEY,
    },
    "finalize_execution": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        "sns:Publish StorageNotices",
        "sqs:SendMessage ReflectionDeadLetters",
        f"states:DescribeExecution {EXECUTIONS}",
        f"states:GetExecutionHistory {EXECUTIONS}",
        *USE_TABLE_KEY,
    },
    "api": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:Query StorageJobs/index/by_month",
        "dynamodb:UpdateItem StorageJobs",
        "dynamodb:DeleteItem StorageVerdicts",
        READ_MEMORY_SECRET,
        "lambda:InvokeFunction FunctionsCheckNow",
        "s3:DeleteObjectVersion StorageInbox/batches/*",
        "s3:DeleteObjectVersion StorageInbox/ipqs/*",
        "s3:DeleteObjectVersion StorageInbox/txncheck/*",
        "s3:DeleteObjectVersion StorageResults/*",
        "s3:GetObject StorageResults/*",
        "s3:ListBucket StorageResults",
        "s3:ListBucketVersions StorageInbox",
        "s3:ListBucketVersions StorageResults",
        "s3:PutObject StorageInbox/ipqs/*",
        "s3:PutObject StorageInbox/txncheck/*",
        "states:StartExecution WorkflowMachine",
        f"states:DescribeExecution {EXECUTIONS}",
        f"states:GetExecutionHistory {EXECUTIONS}",
        f"states:StopExecution {EXECUTIONS}",
        *COMPLETE_WAITS,
    },
    "listen": COMPLETE_WAITS,
    "approve": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        "sns:Publish StorageNotices",
        *COMPLETE_WAITS,
    },
    "webhook": {
        "secretsmanager:GetSecretValue CredentialsTxncheckWebhook",
        *COMPLETE_WAITS,
    },
    "prepare": {
        "dynamodb:GetItem StorageJobs",
        "dynamodb:UpdateItem StorageJobs",
        *USE_TABLE_KEY,
        "s3:ListBucketVersions StorageInbox",
        "s3:GetObject StorageInbox/batches/*",
        "s3:PutObject StorageInbox/batches/*",
        "dynamodb:BatchGetItem StorageVerdicts",
        "secretsmanager:GetSecretValue CredentialsIpqs",
        READ_MEMORY_SECRET,
        *READ_LISTS,
    },
    "gather": {
        "s3:GetObject StorageInbox/batches/*",
        "s3:ListBucket StorageInbox",
        "s3:PutObject StorageInbox/batches/*",
        *WRITE_RESULTS_IN_PARTS,
    },
    "join": {
        "s3:GetObjectVersion StorageInbox/batches/*",
        "s3:ListBucket StorageInbox",
        "dynamodb:BatchWriteItem StorageVerdicts",
        READ_MEMORY_SECRET,
        *USE_TABLE_KEY,
        *WRITE_RESULTS_IN_PARTS,
    },
    "sweep": {
        "dynamodb:Query StorageJobs/index/late_checks",
        "dynamodb:UpdateItem StorageJobs",
        "sqs:SendMessage SweepScheduleDeadLetters",
        "states:StartExecution WorkflowMachine",
        *READ_SECRETS,
        *USE_TABLE_KEY,
    },
}
#: What the CDK grants for a Distributed Map, and the reading of request lists.
RUN_REQUESTS = {
    "s3:GetObject StorageInbox/batches/*",
    "s3:PutObject StorageInbox/batches/answers/*",
    "s3:ListMultipartUploadParts StorageInbox/batches/answers/*",
    "s3:AbortMultipartUpload StorageInbox/batches/answers/*",
    "states:StartExecution WorkflowMachine",
    f"states:DescribeExecution {EXECUTIONS}",
    f"states:StopExecution {EXECUTIONS}",
    f"states:RedriveExecution {EXECUTIONS.removesuffix(':*')}/*:*",
}
#: Actions for which AWS has no resources; each is acknowledged where it is granted.
WITHOUT_RESOURCE = re.compile(
    r"xray:(Put|GetSampling)\w+"
    r"|logs:(\w+LogDelivery|ListLogDeliveries|\w+Polic(y|ies)|DescribeLogGroups)"
    r"|logs:(Create|Describe)Log(Group|Stream)s?|logs:(Put|Get|Filter)LogEvents"
)


def rights(template: Template, name: str) -> set[str]:
    """Return a function's rights as `action resource`, without logs and traces."""
    return {
        f"{action} {readable(resource)}"
        for action, resource in template.rights(template.role(name))
        if not action.startswith(("logs:", "xray:"))
    }


def readable(resource: str) -> str:
    """Return `StorageJobs` for `<StorageJobs4C7573CB.Arn>`."""
    return re.sub(r"<(\w+?)[0-9A-F]{8}(\.Arn|\.Name)?>", r"\1", resource)


@pytest.mark.parametrize("name", RIGHTS)
def test_a_function_has_these_rights_and_no_more(template: Template, name: str) -> None:
    """Whoever gets hold of a role can do what it may do."""
    assert rights(template, name) == RIGHTS[name]


@pytest.mark.parametrize("name", RIGHTS)
def test_a_function_writes_to_its_own_log_only(template: Template, name: str) -> None:
    """The managed policy of AWS would allow every log of the account."""
    role = template.role(name)
    logs = {(a, readable(r)) for a, r in template.rights(role) if a.startswith("logs:")}

    group = f"Functions{FUNCTIONS[name].construct_id or name.capitalize()}Logs"
    assert logs == {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}


@pytest.mark.parametrize(
    ("right", "holders"),
    [
        pytest.param(
            r"s3:(Put|Abort|Create|Replicate|Restore)\w* StorageResults/(?!\*/error)",
            {"download", "manifest", "gather", "join"},
            id="write results",
        ),
        pytest.param(
            r"s3:(Put|Abort|Create|Replicate|Restore)\w* StorageResults/\*/error",
            {"submit", "check"},
            id="write only what a provider says of failures",
        ),
        pytest.param(
            r"s3:(Put|Abort|Create|Replicate|Restore)\w* StorageInbox/batches",
            {"prepare", "gather"},
            id="write work files of batches",
        ),
        pytest.param(
            r"states:SendTask",
            {"api", "approve", "listen", "webhook"},
            id="complete a wait",
        ),
        pytest.param(
            r"secretsmanager:GetSecretValue \w+Webhook",
            {"webhook"},
            id="read the secret of webhooks",
        ),
        pytest.param(
            r"secretsmanager:GetSecretValue \w+(?<!Webhook)(?<!Memory)(?<!Ipqs)$",
            {"submit", "check", "check_now", "download", "sweep"},
            id="read a provider's key",
        ),
        pytest.param(
            r"secretsmanager:GetSecretValue CredentialsIpqs$",
            {"prepare", "submit", "check", "check_now", "download", "sweep"},
            id="read the key of a provider that says how many credits are left",
        ),
        pytest.param(
            READ_MEMORY_SECRET,
            {"prepare", "join", "api"},
            id="tell which verdict is whose",
        ),
    ],
)
def test_only_these_functions_may(
    template: Template, right: str, holders: set[str]
) -> None:
    """These rights must stay where they are, however the table above changes."""
    found = {
        name
        for name in template.functions()
        if any(re.match(right, granted) for granted in rights(template, name))
    }

    assert found == holders


def test_only_a_person_deletes_data(template: Template) -> None:
    """Stored data expires; only a message is deleted, once it is handled.

    The exceptions are the API, by which a person erases a job, and the memory of
    verdicts, where a value can be forgotten. What writes into that could delete from
    it, too: DynamoDB has one right for both.
    """
    deleting = {
        (action, resource)
        for role in template.resources("AWS::IAM::Role")
        for action, resource in template.rights(role)
        if re.search(r":(Batch)?Delete|BatchWrite|:\*", action)
        and readable(resource) != "StorageVerdicts"
        and action != "s3:DeleteObjectVersion"
    }

    assert {action for action, _ in deleting} <= {
        "sqs:DeleteMessage",
        "logs:DeleteLogDelivery",
    }


def test_no_right_has_an_unexpected_wildcard(template: Template) -> None:
    """No action has any; a resource only for objects, versions and executions."""
    for role in template.resources("AWS::IAM::Role"):
        for action, resource in template.rights(role):
            assert "*" not in action
            if "*" in resource:
                assert (
                    re.fullmatch(
                        r"s3:\w*Object\w*|s3:(Abort|List)MultipartUpload(Parts)?",
                        action,
                    )
                    or (action == "lambda:InvokeFunction" and resource.endswith(":*"))
                    or (action == "states:SendTaskSuccess" and resource.endswith("/*"))
                    or re.search(r":execution:<\w+\.Name>(/\*)?:\*$", resource)
                    or (resource == "*" and WITHOUT_RESOURCE.fullmatch(action))
                ), (action, resource)


def test_no_role_has_a_managed_policy(template: Template) -> None:
    """Managed policies are wide, and AWS changes them."""
    for role in template.properties("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role


def test_only_aws_services_assume_our_roles(template: Template) -> None:
    """Neither a person nor another account can assume a role."""
    for role in template.properties("AWS::IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"]["Service"] in {
            "lambda.amazonaws.com",
            "states.amazonaws.com",
            "apigateway.amazonaws.com",
        }


def test_the_machine_may_start_itself_and_read_request_lists(
    template: Template,
) -> None:
    """Other rights would let it read every upload, or start other machines."""
    found = {
        f"{action} {readable(resource)}"
        for action, resource in template.rights(template.machine_role())
        if action.startswith(("s3:", "states:"))
    }
    assert found == RUN_REQUESTS


def test_the_machine_may_call_only_our_functions_and_the_topic(
    template: Template,
) -> None:
    """A wrong definition can do no more than that."""
    role = template.machine_role()
    functions = template.resources("AWS::Lambda::Function")
    topics = template.resources("AWS::SNS::Topic")

    for statement in template.statements(role):
        for action in as_list(statement["Action"]):
            service = action.split(":")[0]
            assert service in {"lambda", "sns", "kms", "logs", "xray", "s3", "states"}
    for action, resource in template.rights(role):
        target = resource.strip("<>").partition(".")[0].partition(">")[0]
        if action.startswith("lambda:"):
            assert action == "lambda:InvokeFunction"
            assert target in functions
            assert not re.search("Intake|Api|CheckNow|Reflect|Webhook|Sweep", target)
        if action.startswith("sns:"):
            assert action == "sns:Publish"
            assert target in topics


def test_the_machine_may_use_its_key(template: Template) -> None:
    """The CDK's own grant depends on a physical name, and would never apply."""
    role = template.machine_role()
    unconditional = {
        action
        for statement in template.statements(role)
        if "Condition" not in statement
        for action in as_list(statement["Action"])
    }

    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= unconditional


@pytest.mark.parametrize(
    ("function", "items"),
    [
        ("listen", {"wait:*"}),
        ("webhook", {"wait:*"}),
        ("submit", {"pace:*"}),
        ("approve", {"approval:*"}),
        ("api", {"request:*", "approval:*", "check:*", "wait:*"}),
    ],
)
def test_a_function_writes_only_its_kind_of_items(
    template: Template, function: str, items: set[str]
) -> None:
    """The function that the internet can call must not stop submissions."""
    conditions = [
        statement["Condition"]["ForAllValues:StringLike"]
        for statement in template.statements(template.role(function))
        if any("StorageWaits" in text(r) for r in as_list(statement["Resource"]))
    ]

    assert all(condition.keys() == {"dynamodb:LeadingKeys"} for condition in conditions)
    assert items == {key for each in conditions for key in each["dynamodb:LeadingKeys"]}
