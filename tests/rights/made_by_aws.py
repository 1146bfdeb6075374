"""Made by AWS: list the calls that AWS makes itself in the name of a role of ours.

The world has no such calls, so that this table stands in for them. Each line names the
page of AWS' documentation that asks for these rights.
"""

from collections.abc import Iterator

from functions.core.function_table import FUNCTIONS
from functions.core.keys import ANSWERS_PREFIX
from tests.rights.grants import ACCOUNT, API_GATEWAY, STATE_MACHINE, Account
from tests.rights.needs import READ_AND_WRITE_KEY, READ_KEY, key_use, on
from tests.rights.policy import Request
from tests.world.deployment import STATE_MACHINE_ARN

_EXECUTION = STATE_MACHINE_ARN.replace(":stateMachine:", ":execution:")
_LAMBDA = "Lambda developer guide"
_STATES = "Step Functions developer guide"
#: For each role: the actions, the resource, and the page.
Row = tuple[str, tuple[str, ...], str, str]


def _rows(account: Account) -> Iterator[Row]:
    logs = account.resources("AWS::Logs::LogGroup")
    for name, spec in FUNCTIONS.items():
        title = f"Functions{spec.construct_id or name.capitalize()}Logs"
        (log,) = (arn for key, arn in logs.items() if key.startswith(title))
        log_actions = ("logs:CreateLogStream", "logs:PutLogEvents")
        yield (
            name,
            log_actions,
            log.replace(":*", ":log-stream:one"),
            f"{_LAMBDA}, AWSLambdaBasicExecutionRole without CreateLogGroup",
        )
        trace = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
        yield name, trace, "*", f"{_LAMBDA}, AWSXRayDaemonWriteAccess"
    yield (
        "intake",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        account.only("AWS::SQS::Queue", "IntakeQueue"),
        f"{_LAMBDA}, AWSLambdaSQSQueueExecutionRole",
    )
    yield (
        "intake",
        READ_KEY,
        account.key,
        f"{_LAMBDA}, 'Creating and configuring an SQS event source mapping'",
    )
    for name, queue in (
        ("finalize_execution", "ReflectionDeadLetters"),
        ("sweep", "SweepScheduleDeadLetters"),
    ):
        destination = f"{_LAMBDA}, 'Retaining records of asynchronous invocations'"
        arn = account.only("AWS::SQS::Queue", queue)
        yield name, ("sqs:SendMessage",), arn, destination
        yield (
            name,
            READ_AND_WRITE_KEY,
            account.key,
            ("SQS developer guide, 'Key management', 'Configure KMS permissions'"),
        )
    machine = STATE_MACHINE
    yield (
        machine,
        READ_AND_WRITE_KEY,
        account.key,
        f"{_STATES}, 'Data at rest encryption'",
    )
    yield (
        machine,
        (
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
        ),
        "*",
        f"{_STATES}, 'Using CloudWatch Logs to log execution history'",
    )
    yield (
        machine,
        (
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
        ),
        "*",
        f"{_STATES}, 'Trace Step Functions request data in AWS X-Ray'",
    )
    distributed = f"{_STATES}, 'IAM policies for using Distributed Map states'"
    yield machine, ("states:StartExecution",), STATE_MACHINE_ARN, distributed
    running = ("states:DescribeExecution", "states:StopExecution")
    yield machine, running, f"{_EXECUTION}:map-run", distributed
    redrive = ("states:RedriveExecution",)
    yield machine, redrive, f"{_EXECUTION}/Requests:one", distributed
    answers = f"{account.only('AWS::S3::Bucket', 'Inbox')}/{ANSWERS_PREFIX}one"
    parts = ("s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
    yield machine, parts, answers, f"{_STATES}, 'ResultWriter', 'IAM policies'"
    yield (
        API_GATEWAY,
        (
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
        ),
        "*",
        "API Gateway developer guide, AmazonAPIGatewayPushToCloudWatchLogs",
    )


def made_in_our_name(account: Account) -> Iterator[Request]:
    """Yield the requests that AWS makes with our roles."""
    for name, actions, resource, _page in _rows(account):
        for action in actions:
            yield on(account.roles[name], action, resource)


def made_by_services(account: Account) -> Iterator[Request]:
    """Yield the requests that services make in their own name.

    Amazon S3 user guide, "Enabling Amazon S3 server access logging"; EventBridge user
    guide, "Amazon SQS permissions", "AWS Lambda permissions" and "Using dead-letter
    queues"; API Gateway developer guide, "API Gateway permissions model for invoking an
    API"; CloudWatch user guide, "Using Amazon CloudWatch alarms".
    """
    own = {"aws:SourceAccount": (ACCOUNT,)}
    queues = account.resources("AWS::SQS::Queue")
    rules = account.resources("AWS::Events::Rule")
    for logical_id, rule in rules.items():
        source = {**own, "aws:SourceArn": (rule,)}
        construct = logical_id.partition("Rule")[0]
        for name, queue in queues.items():
            if name.startswith(construct):
                yield on("events.amazonaws.com", "sqs:SendMessage", queue, **source)
    for service, cause, function in account.invocations():
        source = {**own, "aws:SourceArn": (cause,)}
        caller = f"{service}.amazonaws.com"
        yield on(caller, "lambda:InvokeFunction", function, **source)
    for service in ("events.amazonaws.com", "cloudwatch.amazonaws.com"):
        yield from key_use(service, account, "sqs", READ_AND_WRITE_KEY, **own)
    operations = account.only("AWS::SNS::Topic", "Operations")
    yield on("cloudwatch.amazonaws.com", "sns:Publish", operations, **own)
    access_logs = account.only("AWS::S3::Bucket", "AccessLogs")
    for name in ("Inbox", "Results"):
        source = {**own, "aws:SourceArn": (account.only("AWS::S3::Bucket", name),)}
        yield on(
            "logging.s3.amazonaws.com",
            "s3:PutObject",
            f"{access_logs}/{name.lower()}/2026-01-01",
            **source,
        )
    log_group = {"kms:EncryptionContext:aws:logs:arn": (account.log_groups,)}
    for action in (
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ):  # CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using KMS"
        yield on("logs.us-east-1.amazonaws.com", action, account.key, **log_group)
    # Step Functions developer guide, "Data at rest encryption", "Encrypted logging".
    yield on("delivery.logs.amazonaws.com", "kms:Decrypt", account.key)
