"""Cost: the model counts at least the calls that a job makes, and not many more."""

from collections import Counter

from functions.core.cost import polled_job
from functions.core.prices import PRICES
from tests.world.site import Site
from tests.world.world import World

_LIST = b"email\nasha@rows.example\nbina@rows.example\n"
_PUTS = ("Create", "Upload", "Complete", "Put", "List")
_GETS = ("GetObject", "HeadObject")


def test_the_model_covers_the_calls_of_a_job(site: Site) -> None:
    """A service that the model does not know would be missing from every quote."""
    world = World(site)
    job = world.upload("ipqs/email/list.csv", _LIST)
    world.run()
    record = world.jobs.items[job.job_id]
    assert record["outcome"] == {"S": "succeeded"}
    calls = Counter((call.service, call.operation) for call in world.aws_calls)
    of_s3 = Counter(
        {name: times for (service, name), times in calls.items() if service == "s3"}
    )
    results = calls["s3", "CreateMultipartUpload"]

    usage = polled_job(checks=int(record["polls"]["N"]), kinds=results - 2, joined=2)

    puts = sum(n for name, n in of_s3.items() if name.startswith(_PUTS))
    gets = sum(n for name, n in of_s3.items() if name in _GETS)
    written = round(usage.shares["tables"] / PRICES["write"].usd) // 4
    secrets = round(usage.shares["secrets"] / PRICES["secret"].usd)
    assert puts + gets == of_s3.total()
    assert puts <= usage.s3_puts <= puts + 2
    assert gets <= usage.s3_gets <= gets + 2
    assert calls["dynamodb", "UpdateItem"] <= written
    assert written <= calls["dynamodb", "UpdateItem"] + 2
    assert secrets == calls["secretsmanager", "GetSecretValue"]
    assert usage.notifications == calls["sns", "Publish"]
    tasks = calls["lambda", "Invoke"]
    assert tasks == sum(
        times for state, times in usage.visits.items() if state in _TASKS
    )


#: The states that call a function.
_TASKS = (
    *("Begin", "Prepare", "Submit", "Check", "Download", "Join", "Manifest"),
    "Conclude",
)
