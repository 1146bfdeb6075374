"""Records: of any table, each record is counted once, and only values are sent."""

from collections import Counter
from random import Random

from functions.tables.list_reading import Status, read_list
from functions.tables.reader import ReadOptions
from tests.charges.faulty_tables import faulty_list
from tests.contract.sources import BytesSource


def test_ten_thousand_tables_with_faults_add_up() -> None:
    """Records in are records out, each once, and only unique values are sent."""
    random = Random(1)
    for _ in range(10_000):
        unfit = random.random() < 0.3
        content, expected = faulty_list(random, send_unfit=unfit)
        count = Counter(status for status, _ in expected)
        if not count[Status.SENT]:
            continue
        fits = count[Status.SENT] + count[Status.DUPLICATE]
        column = "" if fits >= count[Status.NOT_SENT] and not unfit else "2"

        options = ReadOptions(column=column)
        reading = read_list(
            BytesSource(content), "list.csv", "email", options, send_unfit=unfit
        )
        records, counts = list(reading.records()), reading.counts

        assert [(record.status, record.duplicate_of) for record in records] == expected
        assert [record.number for record in records] == [*range(1, len(expected) + 1)]
        unsent = counts.blank + counts.duplicates + counts.not_sent
        assert counts.sent + unsent == counts.records == len(expected)
        assert sum(reading.reasons.values()) == counts.not_sent
        sent = [
            record.value.casefold() for record in records if record.status == "sent"
        ]
        assert len(sent) == len(set(sent)) == counts.sent
