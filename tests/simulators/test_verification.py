"""Results follow from the rows, and always from the same rows in the same way."""

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulators.ipqs import IpqsSimulator
from local.simulators.ipqs.verification import (
    COLUMNS,
    Verified,
    values,
    verdict,
    verify,
)
from tests.simulators.api_client import IpqsClient

ROWS = st.lists(st.text(st.characters(exclude_categories=["C", "Z"])), max_size=60)


def _verified(
    content: bytes, folder: Path, *, type_: str = "email", removes: bool = True
) -> Verified:
    upload = folder / "upload"
    upload.write_bytes(content)
    return verify(
        type_,
        upload,
        folder,
        columns=COLUMNS[type_],
        date="2026-01-01",
        removes_duplicates=removes,
        cancelled=lambda: False,
    )


def _values(verified: Verified, kind: str) -> list[str]:
    with verified.files[kind].open(encoding="utf-8", newline="") as file:
        return [row["Email Address"] for row in csv.DictReader(file)]


@given(rows=ROWS)
def test_partitions_the_rows(rows: list[str]) -> None:
    """Clean and bad are disjoint and make all; pristine is a part of clean."""
    lines = [f"{row}@example.com".replace(",", "").replace('"', "") for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        content = "".join(f"{line}\n" for line in lines).encode()
        verified = _verified(content, Path(folder))
        found = {kind: _values(verified, kind) for kind in verified.files}

    assert verified.rows == len(lines)
    assert found["all"] == list(dict.fromkeys(lines))
    assert sorted(found["clean"] + found["bad"]) == sorted(found["all"])
    assert not set(found["clean"]) & set(found["bad"])
    assert set(found["pristine"]) <= set(found["clean"])
    assert verified.counts == {kind: len(rows) for kind, rows in found.items()}


@given(content=st.binary(max_size=2000), type_=st.sampled_from(sorted(COLUMNS)))
def test_survives_any_upload(content: bytes, type_: str) -> None:
    """The provider takes whatever it is sent, and charges for it."""
    with tempfile.TemporaryDirectory() as folder:
        verified = _verified(content, Path(folder), type_=type_)

    assert 0 <= verified.invalid <= verified.rows
    assert verified.counts["clean"] + verified.counts["bad"] == verified.counts["all"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a@x\nb@x\n", ["a@x", "b@x"], id="no header"),
        pytest.param(b"E-Mail Address\na@x\n", ["a@x"], id="header"),
        pytest.param(b"id,EMAIL\n1,a@x\n2,b@x", ["a@x", "b@x"], id="second column"),
        pytest.param(b"name,id\na@x,1\n", ["name", "a@x"], id="foreign header"),
        pytest.param(b"\xef\xbb\xbfemail\r\na@x\r\n\r\n", ["a@x"], id="BOM, CRLF"),
        pytest.param(b'"a,b@x",1\n', ["a,b@x"], id="quotes"),
        pytest.param(b"id,email\n1\n", [""], id="missing cell"),
        pytest.param(b"x" * 200_000 + b"\na@x", ["x" * 65_536, "a@x"], id="long line"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_reads_records(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    """The rules for headers, columns and lines that the module states."""
    upload = tmp_path / "upload"
    upload.write_bytes(content)

    assert list(values("email", upload)) == expected


def test_returns_the_same_verdict_each_time() -> None:
    """Tests and examples may rely on the verdict of an address."""
    drawn = [verdict(f"user{n}@example.com") for n in range(6)]

    assert drawn == ["clean", "clean", "bad", "clean", "pristine", "pristine"]


@pytest.mark.parametrize(("removes", "count"), [(True, 1), (False, 3)])
def test_removes_duplicates_by_the_switch(
    client: IpqsClient, ipqs: IpqsSimulator, *, removes: bool, count: int
) -> None:
    """That repeated rows come back once is only inferred."""
    ipqs.behave(removes_duplicates=removes)

    client.uploaded(b"a@x.org\n" * 3)

    assert ipqs.csvs[0].verified.rows == 3
    assert ipqs.csvs[0].results["all"] == count


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("email", b"a@x", b"ax"),
        ("proxy", b"192.0.2.1", b"x"),
        ("url", b"x.org", b"x"),
        ("phone", b"+442", b"x"),
    ],
)
def test_counts_invalid_records(
    client: IpqsClient, ipqs: IpqsSimulator, type_: str, good: bytes, bad: bytes
) -> None:
    """An invalid record is counted, and is bad."""
    client.uploaded(b"%b\n%b\n" % (good, bad), type_=type_)

    assert ipqs.csvs[0].verified.invalid == 1
    assert ipqs.csvs[0].results["all"] == 2


def test_has_the_columns_of_the_switch(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """The full list of columns is unknown, and so is their order."""
    ipqs.behave(columns=("Valid", "Brand New", "Email Address"))

    text = client.get(client.link(client.finished(b"broken\n"))).text

    assert text == "Valid,Brand New,Email Address\nfalse,,broken\n"
