"""With `auth`, services need rights for what they do, by a role or in their name."""

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from local.deploy import DeploymentFailed, deploy
from local.emulator.process import Emulator
from tests.emulator import functions, queues, roles
from tests.emulator.machines import Machines, invoke_task, pass_state
from tests.emulator.roles import allow
from tests.emulator.stacks import FUNCTION_ROLE, Resources, write_assembly

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

ECHO = "def handler(event, context): return event"
PRINT = "def handler(event, context): print(event)"
FAIL = "def handler(event, context): raise ValueError"
ACCOUNT = "000000000000"
EVENTS: dict[str, Any] = {"Principal": {"Service": "events.amazonaws.com"}}


@pytest.fixture
def auth_machines(auth_emulator: Emulator) -> Machines:
    """State machines of the emulator that enforces policies."""
    return Machines(auth_emulator)


@pytest.mark.parametrize(
    "granted",
    [True, pytest.param(False, marks=pytest.mark.correction("machine_role"))],
)
def test_task_needs_a_right_of_the_machines_role(
    auth_emulator: Emulator, auth_machines: Machines, *, granted: bool
) -> None:
    """Whoever starts the execution may invoke the function, which does not matter."""
    name = functions.create(auth_emulator, ECHO, Role=roles.create(auth_emulator))
    function = function_arn(name)
    resource = function if granted else f"{function}-other"
    role = roles.create(auth_emulator, allow("lambda:InvokeFunction", resource))

    ended = run(auth_machines, role, {"Echo": invoke_task(function)})

    if granted:
        assert ended["status"] == "SUCCEEDED"
    else:
        assert ended["error"] == "Lambda.AWSLambdaException"
        assert f"lambda:InvokeFunction on resource: {function}" in ended["cause"]


@pytest.mark.correction("machine_role")
def test_notification_needs_a_right_of_the_machines_role(
    auth_emulator: Emulator, auth_machines: Machines
) -> None:
    """Each integration fails under its own name."""
    topic = create_topic(auth_emulator)
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message": "ended"},
        "End": True,
    }
    allowed = roles.create(auth_emulator, allow("sns:Publish", topic))

    denied = run(auth_machines, roles.create(auth_emulator), {"Notify": publish})
    ended = run(auth_machines, allowed, {"Notify": publish})

    assert denied["error"] == "SNS.AuthorizationErrorException"
    assert ended["status"] == "SUCCEEDED"


@pytest.mark.correction("machine_role")
@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("states:StartExecution", "States.ItemReaderFailed"),
        ("s3:GetObject", "States.Runtime"),
    ],
)
def test_distributed_map_needs_rights_of_the_machines_role(
    auth_emulator: Emulator,
    auth_machines: Machines,
    action: str,
    error: str,
) -> None:
    """It starts its children, and reads its items, by that role."""
    s3, bucket = auth_emulator.client("s3"), f"b-{uuid.uuid4()}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="items", Body=b"[1, 2]")
    each = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": bucket, "Key": "items"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Keep",
            "States": {"Keep": pass_state()},
        },
        "End": True,
    }
    both = allow("states:StartExecution"), allow("s3:GetObject")

    denied = run(
        auth_machines, roles.create(auth_emulator, allow(action)), {"Each": each}
    )
    ended = run(auth_machines, roles.create(auth_emulator, *both), {"Each": each})

    assert denied["error"] == error
    assert ended["status"] == "SUCCEEDED"


@pytest.mark.correction("polling_role")
def test_function_without_the_right_to_receive_reads_from_no_queue(
    auth_emulator: Emulator, tmp_path: Path
) -> None:
    """The deployment fails, as it does on AWS, and not the first upload."""
    _, queue = queues.create(auth_emulator)
    role = roles.create(auth_emulator, allow("sqs:DeleteMessage", queue))
    function = functions.create(auth_emulator, ECHO, Role=role)
    mapping = {"EventSourceArn": queue, "FunctionName": function}
    words = "does not have permissions to call ReceiveMessage on SQS"

    with pytest.raises(ClientError, match=words):
        auth_emulator.client("lambda").create_event_source_mapping(**mapping)
    resource = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}
    assembly, stack = write_assembly(tmp_path, {"Mapping": resource})
    with pytest.raises(DeploymentFailed, match=words):
        deploy(assembly, stack, auth_emulator, {})


@pytest.mark.correction("polling_role")
def test_failure_is_sent_by_the_role_of_the_function(auth_emulator: Emulator) -> None:
    """Two functions fail, of which one may send to the queue of failures."""
    url, queue = queues.create(auth_emulator)
    client = auth_emulator.client("lambda")
    for name, statements in (
        ("denied", []),
        ("allowed", [allow("sqs:SendMessage", queue)]),
    ):
        function = functions.create(
            auth_emulator, FAIL, Role=roles.create(auth_emulator, *statements)
        )
        client.put_function_event_invoke_config(
            FunctionName=function,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": queue}},
        )
        client.invoke(
            FunctionName=function, InvocationType="Event", Payload=json.dumps(name)
        )

    received = queues.receive(auth_emulator, url)

    assert received["requestPayload"] == "allowed"


@pytest.mark.correction("service_principals")
def test_event_reaches_only_a_queue_that_allows_it(auth_emulator: Emulator) -> None:
    """A rule with two targets, of which one has a policy."""
    events, rule = auth_emulator.client("events"), f"r-{uuid.uuid4()}"
    arn = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))[
        "RuleArn"
    ]
    closed, open_ = queues.create(auth_emulator), queues.create(auth_emulator)
    source = {"ArnEquals": {"aws:SourceArn": arn}}
    statement = allow("sqs:SendMessage", open_[1], **EVENTS, Condition=source)
    sqs = auth_emulator.client("sqs")
    sqs.set_queue_attributes(
        QueueUrl=open_[0], Attributes={"Policy": roles.policy(statement)}
    )
    targets = [{"Id": str(n), "Arn": q[1]} for n, q in enumerate((closed, open_))]
    events.put_targets(Rule=rule, Targets=targets)

    events.put_events(Entries=[{"Source": rule, "DetailType": "d", "Detail": "{}"}])

    assert queues.receive(auth_emulator, open_[0])["source"] == rule
    assert "Messages" not in sqs.receive_message(QueueUrl=closed[0])


@pytest.mark.correction("service_principals")
def test_api_calls_only_a_function_that_allows_it(
    auth_emulator: Emulator, tmp_path: Path
) -> None:
    """A permission for the stage and path of the method, and none."""
    assembly, stack = write_assembly(tmp_path, API, {"api": {"Ref": "Api"}})
    api = deploy(assembly, stack, auth_emulator, {})["api"]
    url = f"{auth_emulator.endpoint}/_aws/execute-api/{api}/test/"

    status = {path: requests.get(url + path, timeout=30) for path in ("open", "closed")}

    assert status["open"].status_code == 200
    assert status["closed"].status_code == 500
    assert status["closed"].json() == {"message": "Internal server error"}


@pytest.mark.correction("service_principals")
def test_alarm_notifies_only_a_topic_that_allows_it(auth_emulator: Emulator) -> None:
    """Our topics have a policy of their own, which replaces the one of SNS."""
    url, queue = queues.create(auth_emulator)
    statement = allow(
        "sqs:SendMessage", queue, Principal={"Service": "sns.amazonaws.com"}
    )
    auth_emulator.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": roles.policy(statement)}
    )
    sns, cloudwatch = auth_emulator.client("sns"), auth_emulator.client("cloudwatch")
    for service in ("events", "cloudwatch"):
        topic, alarm = create_topic(auth_emulator), f"{service}-{uuid.uuid4()}"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        sns.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=roles.policy(
                allow(
                    "sns:Publish",
                    topic,
                    Principal={"Service": f"{service}.amazonaws.com"},
                )
            ),
        )
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            AlarmActions=[topic],
            ComparisonOperator="LessThanThreshold",
            EvaluationPeriods=1,
            MetricName="-",
            Namespace="-",
            Period=60,
            Statistic="Sum",
            Threshold=1,
        )
        cloudwatch.set_alarm_state(
            AlarmName=alarm, StateValue="ALARM", StateReason="by hand"
        )

    message = json.loads(queues.receive(auth_emulator, url)["Message"])

    assert message["AlarmName"].startswith("cloudwatch-")


@pytest.mark.parametrize(
    "granted",
    [pytest.param(True, marks=pytest.mark.correction("task_token_resource")), False],
)
def test_answer_to_a_task_needs_a_right_on_its_machine(
    auth_emulator: Emulator, auth_machines: Machines, *, granted: bool
) -> None:
    """A grant on the machine is what the product has, and it is not too wide."""
    keep_token = functions.create(
        auth_emulator, PRINT, Role=roles.create(auth_emulator)
    )
    function = function_arn(keep_token)
    role = roles.create(auth_emulator, allow("lambda:InvokeFunction", function))
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": function,
            "Payload": {"token.$": "$$.Task.Token"},
        },
        "End": True,
    }
    machine = create_machine(auth_machines, role, {"Wait": wait})
    execution = auth_machines.start(machine)
    (line,) = (
        line
        for line in functions.log_lines(auth_emulator, keep_token)
        if line.startswith("{'token'")
    )
    resource = machine if granted else f"{machine}-other"
    answer = roles.client(
        auth_emulator, "stepfunctions", allow("states:SendTaskSuccess", resource)
    ).send_task_success
    token = line.split("'")[3]

    if granted:
        answer(taskToken=token, output="1")
        assert auth_machines.wait(execution)["status"] == "SUCCEEDED"
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            answer(taskToken=token, output="1")
        auth_machines.stop_all()


@pytest.mark.correction("leading_keys")
def test_item_needs_a_right_on_its_partition_key(auth_emulator: Emulator) -> None:
    """Three functions share a table, each with a prefix of its own."""
    table = f"t-{uuid.uuid4()}"
    auth_emulator.client("dynamodb").create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    prefix = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["own#*"]}}
    statement = allow("dynamodb:GetItem", Condition=prefix)
    dynamodb = roles.client(auth_emulator, "dynamodb", statement)

    dynamodb.get_item(TableName=table, Key={"id": {"S": "own#1"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(TableName=table, Key={"id": {"S": "other#1"}})


@pytest.mark.correction("versioned_deletes")
def test_version_needs_a_right_to_be_deleted(auth_emulator: Emulator) -> None:
    """To hide an object behind a marker is another right than to delete it for good."""
    bucket = f"b-{uuid.uuid4()}"
    owner = auth_emulator.client("s3")
    owner.create_bucket(Bucket=bucket)
    owner.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    version_id = owner.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    objects: list[ObjectIdentifierTypeDef] = [{"Key": "k", "VersionId": version_id}]

    s3 = roles.client(auth_emulator, "s3", allow("s3:DeleteObject"))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    s3 = roles.client(auth_emulator, "s3", allow("s3:DeleteObjectVersion"))
    s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})

    assert "Versions" not in owner.list_object_versions(Bucket=bucket)


@pytest.mark.correction("key_use")
def test_object_needs_a_right_on_the_key_of_its_bucket(
    auth_emulator: Emulator, tmp_path: Path
) -> None:
    """By the role, and by the policy of the key, which lets the account decide."""
    outputs = {"bucket": {"Ref": "Bucket"}, "key": {"Fn::GetAtt": ["Key", "Arn"]}}
    assembly, stack = write_assembly(tmp_path, ENCRYPTED, outputs)
    made = deploy(assembly, stack, auth_emulator, {})
    put = allow("s3:PutObject")
    via = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    use = allow("kms:GenerateDataKey", made["key"], Condition=via)
    target = {"Bucket": made["bucket"], "Key": "k", "Body": b""}

    s3 = roles.client(auth_emulator, "s3", put, use, allow("s3:GetObject"))

    s3.put_object(**target)
    s3.head_object(Bucket=made["bucket"], Key="k")
    with pytest.raises(ClientError, match="perform: kms:Decrypt on"):
        s3.get_object(Bucket=made["bucket"], Key="k")
    with pytest.raises(ClientError, match="perform: kms:Decrypt on"):  # for its parts
        s3.create_multipart_upload(Bucket=made["bucket"], Key="k")
    with pytest.raises(ClientError, match="perform: kms:GenerateDataKey on"):
        roles.client(auth_emulator, "s3", put).put_object(**target)


@pytest.mark.correction("key_use")
def test_event_needs_a_right_on_the_key_of_its_queue(
    auth_emulator: Emulator, tmp_path: Path
) -> None:
    """The queue of each encrypted pair allows EventBridge, the key of one does."""
    outputs: dict[str, object] = {name: {"Ref": name} for name in ("Open", "Closed")}
    assembly, stack = write_assembly(tmp_path, QUEUES, outputs)
    made = deploy(assembly, stack, auth_emulator, {})
    events = auth_emulator.client("events")

    events.put_events(Entries=[{"Source": "key", "DetailType": "d", "Detail": "{}"}])

    assert queues.receive(auth_emulator, made["Open"])["source"] == "key"
    sqs = auth_emulator.client("sqs")
    assert "Messages" not in sqs.receive_message(QueueUrl=made["Closed"])


def create_machine(machines: Machines, role: str, states: dict[str, Any]) -> str:
    """Create a machine with a role; return its ARN."""
    return machines.client.create_state_machine(
        name=f"m-{uuid.uuid4()}",
        definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
        roleArn=role,
    )["stateMachineArn"]


def run(machines: Machines, role: str, states: dict[str, Any]) -> dict[str, Any]:
    """Run a machine with a role to its end; return the description."""
    return machines.wait(machines.start(create_machine(machines, role, states)))


def function_arn(name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def create_topic(emulator: Emulator) -> str:
    """Create a topic; return its ARN."""
    topic = emulator.client("sns").create_topic(Name=f"t-{uuid.uuid4()}")
    return str(topic["TopicArn"])


def method(path: str) -> Resources:
    """Return a method that calls the function."""
    function = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {
        f"{path}Path": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": path,
                "RestApiId": {"Ref": "Api"},
            },
        },
        f"{path}Method": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "AuthorizationType": "NONE",
                "HttpMethod": "GET",
                "Integration": {
                    "Type": "AWS_PROXY",
                    "IntegrationHttpMethod": "POST",
                    "Uri": {"Fn::Sub": function + "/${Accept.Arn}/invocations"},
                },
                "ResourceId": {"Ref": f"{path}Path"},
                "RestApiId": {"Ref": "Api"},
            },
        },
    }


API: Resources = {
    "Role": FUNCTION_ROLE,
    "Accept": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": "def handler(event, context): return {}"},
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.14",
        },
    },
    "Allow": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Accept"},
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {
                "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:"
                "${Api}/test/GET/open"
            },
        },
    },
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "jobs"}},
    **method("open"),
    **method("closed"),
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "DependsOn": ["openMethod", "closedMethod"],
        "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "test"},
    },
}


def key(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a key whose use the account decides, and some statements."""
    account = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    policy = {"Version": "2012-10-17", "Statement": [account, *statements]}
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}}


def queue_with(name: str, *statements: dict[str, Any]) -> Resources:
    """Return a queue that allows EventBridge, and the key by which it is encrypted."""
    send = allow("sqs:SendMessage", **EVENTS)
    return {
        f"{name}Key": key(*statements),
        name: {
            "Type": "AWS::SQS::Queue",
            "Properties": {"KmsMasterKeyId": {"Fn::GetAtt": [f"{name}Key", "Arn"]}},
        },
        f"{name}Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [send]},
                "Queues": [{"Ref": name}],
            },
        },
    }


QUEUES: Resources = {
    **queue_with("Closed"),
    **queue_with("Open", allow("kms:*", **EVENTS)),
    "Rule": {
        "Type": "AWS::Events::Rule",
        "DependsOn": ["ClosedPolicy", "OpenPolicy"],
        "Properties": {
            "EventPattern": {"source": ["key"]},
            "Targets": [
                {"Id": name, "Arn": {"Fn::GetAtt": [name, "Arn"]}}
                for name in ("Closed", "Open")
            ],
        },
    },
}
ENCRYPTED: Resources = {
    "Key": key(),
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                        }
                    }
                ]
            }
        },
    },
}
