"""Function table: declare the memory, time-out and handler of every function."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LambdaFunction:
    """A function's memory in MB, time-out in seconds, and size of /tmp in MB.

    `handler` and `construct_id` are set only if they differ from the default. The
    construct id is part of the logical id in CloudFormation: a renamed function keeps
    its old id, so that a deployment updates it instead of replacing it.
    """

    memory: int
    timeout: int
    disk: int = 512
    handler: str = ""
    construct_id: str = ""


#: Lambda ends every call by then.
LONGEST_SECONDS = 900

#: By name; the default handler is `functions.<name>.handler`.
FUNCTIONS: Mapping[str, LambdaFunction] = {
    "intake": LambdaFunction(memory=256, timeout=30),
    "begin": LambdaFunction(memory=256, timeout=30),
    "submit": LambdaFunction(memory=512, timeout=300),
    "check": LambdaFunction(memory=256, timeout=30),
    "download": LambdaFunction(memory=1024, timeout=900),
    "manifest": LambdaFunction(memory=512, timeout=60),
    "conclude": LambdaFunction(memory=256, timeout=30),
    "finalize_execution": LambdaFunction(
        memory=256, timeout=30, construct_id="Reflect"
    ),
    # A person waits for it, and memory buys a fast start; API Gateway gives up after
    # 29 seconds.
    "api": LambdaFunction(
        memory=1024, timeout=28, handler="functions.api.handler.handler"
    ),
    # A person waits for it, too. It ends by itself: a provider's call takes 25 seconds.
    "check_now": LambdaFunction(memory=512, timeout=60, construct_id="CheckNow"),
    "listen": LambdaFunction(memory=256, timeout=30),
    "approve": LambdaFunction(memory=256, timeout=30),
    # A provider waits for the answer, up to 30 seconds, and then calls again.
    "webhook": LambdaFunction(memory=512, timeout=25),
    # These two hold a whole batch in memory; a list of any size is on Prepare's disk.
    "prepare": LambdaFunction(memory=1024, timeout=900, disk=4096),
    "gather": LambdaFunction(memory=1024, timeout=900),
    # DuckDB has 1 GB, in which two million records are joined in half a minute; more of
    # them, the results and what does not fit into memory lie on the disk.
    "join": LambdaFunction(memory=2048, timeout=900, disk=10_240),
    "sweep": LambdaFunction(memory=256, timeout=300),
}

#: Those that a stage has only if its settings ask for them; no job depends on them.
OPTIONAL_FUNCTIONS: Mapping[str, LambdaFunction] = {
    "forward_notice": LambdaFunction(
        memory=256, timeout=30, construct_id="ForwardNotice"
    ),
}
