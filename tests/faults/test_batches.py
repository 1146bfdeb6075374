"""A batch: whatever happens to it, each row is told of itself, and paid for once."""

import pytest

from functions.core.errors import SubmitOutcomeUnknown
from functions.core.model import Job, Next
from functions.runtime import aws
from functions.runtime.parcels import Parcels
from tests.faults.batches import MOBILES, NAMES, Batches
from tests.faults.effects import Mode


def parcels(job: Job) -> dict[str, bytes]:
    """Read what a batch was made into."""
    kept = Parcels(job, s3=aws.s3())
    names = ("requests.jsonl", "items.json", "rows.json")
    return {name: kept.read(name) for name in names}


def test_a_batch_is_carried_to_its_end(batches: Batches) -> None:
    """What the other tests disturb works when nobody does."""
    gathered = batches.carried(batches.arrive())

    assert gathered.next is Next.REPORT
    assert [line["row"] for line in batches.lines(gathered)] == [1, 2, 3]
    assert gathered.batch.outcomes == {"succeeded": 3}


@pytest.mark.parametrize("mode", Mode)
def test_a_batch_whose_preparation_breaks_off_is_prepared_alike(
    batches: Batches, mode: Mode
) -> None:
    """Whichever call it breaks off at: its requests are the ones of before."""
    job = batches.arrive()
    batches.effects.plan({})
    whole = batches.prepare(job)
    calls, expected = len(batches.effects.seen), parcels(job)

    for call in range(calls):
        batches.effects.plan({call: mode})
        prepared = batches.tried(batches.prepare, job)
        batches.effects.plan({})

        assert batches.requests(prepared) == [
            one.with_(version_id=prepared.batch.version_id)
            for one in batches.requests(whole)
        ]
        assert parcels(job) == expected


@pytest.mark.parametrize("mode", Mode)
def test_no_request_is_sent_twice(batches: Batches, mode: Mode) -> None:
    """Wherever it breaks off, and however often its batch is tried again."""
    batches.effects.plan({})
    batches.carried(batches.arrive(f"mobile,name\n{MOBILES[0]},{NAMES[0]}"))
    calls = len(batches.effects.seen)

    for call in range(calls):
        batches.simulator.reset()
        (request,) = batches.requests(
            batches.prepare(batches.arrive(f"mobile,name\n{MOBILES[0]},{NAMES[0]}"))
        )
        batches.effects.plan({call: mode})
        told = batches.run(request)
        batches.effects.plan({})
        again = batches.run(request)

        assert len(batches.simulator.accepted) <= 1
        assert told == again
        assert told in ("0 succeeded", f"0 failed {SubmitOutcomeUnknown.__name__}")


def test_a_row_is_told_of_itself_when_the_settings_have_changed(
    batches: Batches,
) -> None:
    """A retry may pack rows that were refused before: the others keep their own."""
    job = batches.arrive(
        f"mobile,name\n{MOBILES[0]},\n{MOBILES[1]},{NAMES[1]}\n", type_="upi-by-mobile"
    )
    strict = batches.prepare(job, upi_name="required")
    before = [batches.run(one) for one in batches.requests(strict)]

    lenient = batches.prepare(job, upi_name="optional")
    after = [batches.run(one) for one in batches.requests(lenient)]

    assert before == ["0 succeeded"]
    assert after == ["0 succeeded", "1 succeeded"]
    assert len(batches.simulator.accepted) == 2
    first, second = batches.lines(batches.gather(lenient, after))
    assert first["result"]["result"] != second["result"]["result"]
