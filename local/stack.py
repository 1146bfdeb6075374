"""Run the whole stack on this machine, on the emulator and with simulated providers."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from functions.core import identity
from functions.core.signatures import SignatureScheme
from infra import config
from infra.config import stack_name
from local.assembly import assemble
from local.deploy import deploy
from local.emulator.process import Emulator
from local.simulators.clock import Clock
from local.simulators.ipqs import IpqsBehaviour, IpqsSimulator
from local.simulators.txncheck import TxncheckBehaviour, TxncheckSimulator

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

STAGE = "local"
#: Processes for functions, of 50 MB each: more than one for some functions.
_ENVIRONMENTS = 32
# Credentials of the simulators, which are not valid anywhere else.
LOCAL_KEY = "local-ipqs-key-that-opens-nothing"
LOCAL_TXNCHECK_KEY = "local-txncheck-key-that-opens-nothing"
LOCAL_WEBHOOK_SECRET = "local-webhook-secret-that-signs-nothing-else"  # noqa: S105 - worth nothing


@dataclass(frozen=True, kw_only=True)
class LocalStack:
    """A deployed stack, its outputs, and its emulator and simulators."""

    emulator: Emulator
    ipqs: IpqsSimulator
    txncheck: TxncheckSimulator
    outputs: Mapping[str, str]
    notices_queue: str

    @property
    def api_url(self) -> str:
        """The API's URL on this machine; the output `ApiUrl` names a host of AWS."""
        api_id = urlsplit(self.outputs["ApiUrl"]).netloc.partition(".")[0]
        return f"{self.emulator.endpoint}/restapis/{api_id}/{STAGE}/_user_request_"

    def deploy(self, assembly: Path) -> None:
        """Deploy another cloud assembly over this one."""
        _deploy(assembly, self.emulator, self.ipqs, self.txncheck)

    def put(
        self, key: str, content: bytes, *, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Put a file into the inbox, and return the id of the job that it starts."""
        bucket = self.outputs["InboxBucket"]
        response = self.emulator.client("s3").put_object(
            Bucket=bucket, Key=key, Body=content, Metadata=metadata or {}
        )
        return identity.of_object(bucket, key, response["VersionId"])

    def execution_arn(self, job_id: str) -> str:
        """Return the ARN of a job's execution."""
        state_machine = self.outputs["StateMachineArn"]
        return f"{state_machine.replace(':stateMachine:', ':execution:')}:{job_id}"

    def result(self, key: str) -> bytes:
        """Return the content of an object in the results bucket."""
        response = self.emulator.client("s3").get_object(
            Bucket=self.outputs["ResultsBucket"], Key=key
        )
        content: bytes = response["Body"].read()
        return content

    def notices(self, *, wait_seconds: int = 1) -> list[dict[str, object]]:
        """Receive and delete notices from the queue, as SNS wraps them."""
        sqs = self.emulator.client("sqs")
        received: list[MessageTypeDef] = sqs.receive_message(
            QueueUrl=self.notices_queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=wait_seconds,
        ).get("Messages", [])
        for message in received:
            sqs.delete_message(
                QueueUrl=self.notices_queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return [json.loads(message["Body"]) for message in received]


@contextmanager
def running(
    *,
    wait_scale: float = 1.0,
    auth: bool = False,
    behaviour: IpqsBehaviour | None = None,
    txncheck_behaviour: TxncheckBehaviour | None = None,
    clock: Clock | None = None,
    assembly: Path | None = None,
    verbose: bool = False,
    on_progress: Callable[[str, str], None] = lambda *_: None,
) -> Iterator[LocalStack]:
    """Start emulator and simulators, deploy the stack, and stop all after the block.

    With `auth`, IAM is in force: signatures, and the rights of roles and services.
    `assembly` is a cloud assembly; without one, it is made. `verbose`
    writes the emulator's log to stderr. `on_progress` is called before each phase with
    its name and "", and within a phase with its name and what there is to say of it.
    """
    clock = clock or Clock()
    on_progress("Starting the emulator and the simulators", "")
    with (
        TemporaryDirectory(prefix="verdict-courier-") as folder,
        IpqsSimulator.started(
            api_key=LOCAL_KEY,
            clock=clock,
            behaviour=behaviour or IpqsBehaviour(),
        ) as ipqs,
        TxncheckSimulator.started(
            api_key=LOCAL_TXNCHECK_KEY,
            webhook_secret=LOCAL_WEBHOOK_SECRET,
            clock=clock,
            behaviour=replace(
                txncheck_behaviour or TxncheckBehaviour(),
                webhook_scheme=webhook_scheme(),
            ),
        ) as txncheck_simulator,
        Emulator.started(
            wait_scale=wait_scale,
            auth=auth,
            environments=_ENVIRONMENTS,
            verbose=verbose,
        ) as emulator,
    ):
        if assembly is None:
            assembly = assemble(Path(folder), on_progress)
        deploying = partial(on_progress, "Deploying it to the emulator")
        deploying("")
        outputs = _deploy(assembly, emulator, ipqs, txncheck_simulator, deploying)
        _fill_secrets(emulator, outputs)
        stack = LocalStack(
            emulator=emulator,
            ipqs=ipqs,
            txncheck=txncheck_simulator,
            outputs=outputs,
            notices_queue=_subscribe(emulator, outputs["NoticesTopicArn"]),
        )
        txncheck_simulator.webhook_url = f"{stack.api_url}/webhooks/txncheck"
        yield stack


def webhook_scheme() -> SignatureScheme:
    """Return the scheme by which the stage `local` verifies TxnCheck's webhooks."""
    providers = config.stage(STAGE, config.context()["courier"]).providers
    webhook = providers["txncheck"].webhook
    assert webhook is not None  # noqa: S101 - cdk.json declares it
    return webhook


def _deploy(
    assembly: Path,
    emulator: Emulator,
    ipqs: IpqsSimulator,
    txncheck: TxncheckSimulator,
    on_progress: Callable[[str], None] = lambda _: None,
) -> dict[str, str]:
    """Deploy an assembly whose functions call the simulators; return the outputs."""
    parameters = simulator_parameters(ipqs, txncheck)
    return deploy(assembly, stack_name(STAGE), emulator, parameters, on_progress)


def simulator_parameters(
    ipqs: IpqsSimulator, txncheck: TxncheckSimulator
) -> dict[str, str]:
    """Return the parameters of a template whose functions call the simulators."""
    return {
        "IpqsBaseUrl": ipqs.base_url,
        "IpqsDownloadHost": ipqs.download_host,
        "TxncheckBaseUrl": txncheck.base_url,
    }


def _fill_secrets(emulator: Emulator, outputs: Mapping[str, str]) -> None:
    secrets = {
        "IpqsSecretArn": {"api_key": LOCAL_KEY},
        "TxncheckSecretArn": {"api_key": LOCAL_TXNCHECK_KEY},
        "TxncheckWebhookSecretArn": {"current": LOCAL_WEBHOOK_SECRET},
    }
    for output, secret in secrets.items():
        emulator.client("secretsmanager").put_secret_value(
            SecretId=outputs[output], SecretString=json.dumps(secret)
        )


def _subscribe(emulator: Emulator, topic: str) -> str:
    """Subscribe a new queue to a topic, and return its URL."""
    sqs = emulator.client("sqs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    queue: str = sqs.create_queue(
        QueueName="notices", Attributes={"Policy": json.dumps(policy)}
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    emulator.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
    )
    return queue
