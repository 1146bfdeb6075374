"""Faulty tables: generate what people export, and what has to become of each record."""

import csv
import io
import json
from dataclasses import dataclass
from random import Random
from typing import Any

from functions.tables.list_reading import Status


def faulty_list(
    random: Random, *, send_unfit: bool = False
) -> tuple[bytes, list[tuple[Status, int]]]:
    """Return a list as people export it, and what has to become of its records.

    With `send_unfit`, cells that do not fit are sent, each text once.
    """
    separator, ending = random.choice(";,\t|"), random.choice(["\n", "\r\n", "\r"])
    rows, expected = [], list[tuple[Status, int]]()
    first: dict[str, int] = {}
    for number in range(1, random.randint(2, 30)):
        email = f"user{random.randrange(20)}@club.example"
        note = random.choice(
            ["", "x", "Rao, Asha", "5;6", "a|b", 'say "hi"', "é\r\n=1"]
        )
        fault = random.random()
        if fault < 0.15:
            rows.append(random.choice([["", "", ""], [" "], [], ["", ""]]))
            expected.append((Status.BLANK, 0))
        elif fault < 0.3 and number > 2:
            cell = random.choice(["", "n/a", "<a@b.example>", "a@b", "x@y.z, u@v.w"])
            rows.append([str(number), cell, note or "x"])
            earlier = first.setdefault(cell, number) if send_unfit and cell else 0
            status = Status.DUPLICATE if earlier else Status.NOT_SENT
            is_new = earlier == number
            expected.append((Status.SENT, 0) if is_new else (status, earlier))
        else:
            cell = random.choice([email, email.upper(), f" {email}", f"{email} "])
            rows.append(
                [str(number), cell, note][: 3 if note else random.choice([2, 3])]
            )
            earlier = first.setdefault(email, number)
            is_new = earlier == number
            expected.append((Status.SENT, 0) if is_new else (Status.DUPLICATE, earlier))
    file = io.StringIO(newline="")
    writer = csv.writer(
        file,
        delimiter=separator,
        lineterminator=ending,
        quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    writer.writerows([["id", random.choice(["Email", "मेल"]), "note"], *rows])
    encoding = random.choice(["utf-8", "utf-8-sig", "utf-16"])
    end = random.choice(["", "", "\x1a"])
    return (file.getvalue() + end).encode(encoding), expected


@dataclass(frozen=True)
class FaultyBatch:
    """A batch, how many of its records are sent, and how many values they have."""

    type: str
    extension: str
    content: bytes
    records: int
    sent: int
    values: int


def faulty_batch(random: Random) -> FaultyBatch:
    """Return a batch with blank, equal and unfit rows."""
    columns = random.choice([("mobile",), ("mobile", "name"), ("vpa",), ("vpas",)])
    rows: list[dict[str, Any]] = []
    sent: dict[str, int] = {}
    for _ in range(random.randint(1, 20)):
        row = {name: _field(name, random) for name in columns}
        if random.random() < 0.3:
            fault = random.choice(["", "", "12", "n/a", "a@", "9.19E+11"])
            row = dict.fromkeys(columns, fault)
        else:
            sent[json.dumps(row)] = len(row["vpas"]) if "vpas" in row else 1
        rows.append(row)
    type_ = {1: "kyc-by-mobile", 2: "full-check"}[len(columns)]
    if columns[0] != "mobile":
        type_ = random.choice(["vpa-chargeback-check", "bulk-vpa-chargeback-check"])
    if columns == ("vpas",) or random.random() < 0.2:
        lines = [json.dumps(row) if any(row.values()) else "" for row in rows]
        rows = [row for row in rows if any(row.values())]  # a blank line is none
        extension, content = "jsonl", "\n".join(lines)
    else:
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, columns, delimiter=random.choice(",;\t"))
        writer.writeheader()
        writer.writerows(rows)
        extension, content = "csv", file.getvalue()
    return FaultyBatch(
        type=type_,
        extension=extension,
        content=content.encode(),
        records=len(rows),
        sent=len(sent),
        values=sum(sent.values()),
    )


def _field(name: str, random: Random) -> Any:  # noqa: ANN401 - any JSON
    number = random.randrange(20)
    match name:
        case "mobile":
            return f"+9198000000{number:02}"
        case "name":
            return random.choice(["Asha Rao", "O'Brien", "Rao; Ravi", "Zoë"])
        case "vpa":
            return f"person{number}@bank"
    return [f"person{random.randrange(20)}@bank" for _ in range(random.randint(1, 15))]
