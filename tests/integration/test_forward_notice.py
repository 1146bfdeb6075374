"""Notices reach their receivers from a stack, and wait for those out of order."""

import base64
import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aws_cdk import App
from standardwebhooks.webhooks import Webhook

from infra import config
from infra.stack import VerdictCourier
from local import sample
from local.deploy import deploy
from local.stack import LocalStack, simulator_parameters
from tests.integration.harness import JobRunner, wait_for

_STACK = "VerdictCourier-receivers"
_SECRET = f"whsec_{base64.b64encode(b'local' * 6).decode()}"


@dataclass
class Receiver:
    """An HTTP server that answers as scripted, and 204 once the script is over."""

    url: str = ""
    #: Statuses; 0 closes the connection without an answer.
    script: list[int] = field(default_factory=list)
    requests: dict[str, list[tuple[dict[str, str], bytes]]] = field(
        default_factory=dict
    )

    @classmethod
    @contextmanager
    def started(cls) -> "Iterator[Receiver]":
        """Serve until the block ends."""
        receiver = cls()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen = receiver.requests.setdefault(self.path, [])
                seen.append((dict(self.headers), body))
                fails = self.path == "/crm" and receiver.script
                if status := receiver.script.pop(0) if fails else 204:
                    self.send_response(status)
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Log nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            receiver.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(
                target=server.serve_forever, args=(0.05,), daemon=True
            )
            thread.start()
            yield receiver
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Return a receiver on this machine."""
    with Receiver.started() as started:
        yield started


@pytest.fixture(scope="module")
def outputs(
    stack: LocalStack, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Deploy a stack with two receivers beside the other one."""
    settings = copy.deepcopy(config.context()["courier"])
    settings["stages"]["local"]["notice_receivers"] = {
        "crm": {"format": "standard-webhooks", "url": f"{receiver.url}/crm"},
        "team": {"format": "slack"},
    }
    outdir = tmp_path_factory.mktemp("receivers")
    app = App(
        context=config.context(),
        outdir=str(outdir),
        # tests/infra compares a stage with receivers with CloudFormation's rules.
        builtin_cloud_formation_validation=False,
    )
    VerdictCourier(app, _STACK, stage=config.stage("local", settings))
    assembly = Path(app.synth().directory)
    parameters = simulator_parameters(stack.ipqs, stack.txncheck)

    deployed = deploy(assembly, _STACK, stack.emulator, parameters)

    secrets = stack.emulator.client("secretsmanager")
    for output, value in (
        ("CrmReceiverSecretArn", {"current": _SECRET}),
        ("TeamReceiverSecretArn", {"url": f"{receiver.url}/team"}),
    ):
        secrets.put_secret_value(
            SecretId=deployed[output], SecretString=json.dumps(value)
        )
    yield deployed
    stack.emulator.client("cloudformation").delete_stack(StackName=_STACK)


def test_a_notice_is_sent_until_its_receiver_accepts_it(
    runner: JobRunner, outputs: dict[str, str], receiver: Receiver
) -> None:
    """Each time under one id and signed anew; another receiver gets it at once."""
    view = runner.run("ipqs/email/list.csv", sample.emails(3))
    assert view.job is not None
    (notice,) = runner.notices(view.job.job_id)
    queue = _queue(runner.stack, "Crm")
    sqs = runner.stack.emulator.client("sqs")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    receiver.script = [500, 302, 0]

    runner.stack.emulator.client("sns").publish(
        TopicArn=outputs["NoticesTopicArn"], Message=str(notice["Message"])
    )

    wait_for(lambda: len(receiver.requests.get("/crm", [])) == 4)
    wait_for(lambda: _messages(runner.stack, queue) == 0)
    sent = receiver.requests["/crm"]
    assert len({headers["webhook-id"] for headers, _ in sent}) == 1
    for headers, body in sent:
        document = Webhook(_SECRET).verify(body, headers)
        assert document["type"] == "job.ended"
        assert document["data"] == json.loads(str(notice["Message"]))
    ((_, slack),) = receiver.requests["/team"]
    assert view.job.job_id[:12] in json.loads(slack)["text"]
    assert "/elsewhere" not in receiver.requests


def test_a_notice_that_nobody_accepts_is_kept(
    stack: LocalStack, outputs: dict[str, str], receiver: Receiver
) -> None:
    """A person sends it again by a redrive, once the receiver works."""
    queue, letters = _queue(stack, "Crm"), outputs["ForwardNoticeDeadLetterQueueUrl"]
    sqs = stack.emulator.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    redrive = json.loads(attributes["Attributes"]["RedrivePolicy"])
    sqs.set_queue_attributes(
        QueueUrl=queue,
        Attributes={
            "VisibilityTimeout": "1",
            "RedrivePolicy": json.dumps({**redrive, "maxReceiveCount": 2}),
        },
    )
    receiver.requests.clear()
    receiver.script = [503] * 9

    stack.emulator.client("sns").publish(
        TopicArn=outputs["NoticesTopicArn"],
        Message=json.dumps({"job_id": "1", "provider": "ipqs", "type": "email"}),
    )

    wait_for(lambda: _messages(stack, letters) == 1)
    receiver.script = []
    (letter,) = sqs.receive_message(QueueUrl=letters)["Messages"]
    sqs.send_message(QueueUrl=queue, MessageBody=letter["Body"])
    wait_for(lambda: len(receiver.requests["/crm"]) == 3)
    wait_for(lambda: _messages(stack, queue) == 0)
    assert len({headers["webhook-id"] for headers, _ in receiver.requests["/crm"]}) == 1


def _queue(stack: LocalStack, name: str) -> str:
    """Return the URL of a receiver's queue."""
    resources = stack.emulator.client("cloudformation").describe_stack_resources(
        StackName=_STACK
    )["StackResources"]
    (url,) = (
        str(resource["PhysicalResourceId"])
        for resource in resources
        if resource["ResourceType"] == "AWS::SQS::Queue"
        and resource["LogicalResourceId"].startswith(f"NoticeForwarding{name}")
    )
    return url


def _messages(stack: LocalStack, queue: str) -> int:
    """Return how many messages a queue has, those in work included."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    attributes = stack.emulator.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["All"]
    )["Attributes"]
    return sum(int(attributes[name]) for name in names)
