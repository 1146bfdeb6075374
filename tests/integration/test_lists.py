"""Lists: what people export is read, and only what is worth paying for is sent."""

import csv
import io
from pathlib import Path

import pytest
from verdict_courier.api_client import ApiClient, upload

from local.stack import LocalStack
from tests.integration.harness import JobRunner, wait_for
from tests.unit.workbook_files import number, workbook

#: An Excel export: semicolons, columns of their own, a duplicate, a blank, a mistake.
_EXPORT = (
    "\ufeffNr;Kunde;E-Mail\r\n"
    "1;Asha;asha@rows.example\r\n"
    '2;"Bina; the second";bina@rows.example\r\n'
    "3;Asha;ASHA@rows.example\r\n"
    ";;\r\n"
    "5;Chand;chand at rows.example\r\n"
    "6;Devi; devi@rows.example\r\n"
).encode()


@pytest.fixture
def api(stack: LocalStack) -> ApiClient:
    """Return a client of the stack's API."""
    return ApiClient.local(stack.api_url)


def _received(runner: JobRunner) -> list[bytes]:
    """Return the files that the provider has received."""
    return [csv_.upload.read_bytes() for csv_ in runner.stack.ipqs.csvs if csv_.upload]


def test_the_provider_receives_exactly_the_unique_values(
    runner: JobRunner, api: ApiClient
) -> None:
    """Each one is paid for; the uploader's other columns stay here."""
    view = runner.run("ipqs/email/export.csv", _EXPORT)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert _received(runner) == [
        b"email\nasha@rows.example\nbina@rows.example\ndevi@rows.example\n"
    ]
    assert view.job is not None
    assert view.states[:5] == ("Begin", "Known", "Prepare", "Route", "Submit")
    manifest = runner.manifest(view)
    assert (manifest["rows"]["sent"], manifest["rows"]["verdict"]) == (3, "complete")
    quote = api.call("GET", f"/jobs/{view.job.job_id}")["quote"]
    assert quote.pop("aws_usd") > 0
    assert quote.pop("credits_left") > 0  # what else has run was paid from them
    assert "expected_seconds" in quote  # which depends on it, too
    del quote["expected_seconds"]
    assert quote == {
        "records": 6,
        "blank": 1,
        "duplicates": 1,
        "not_sent": {"it has no @": 1},
        "remembered": 0,
        "to_send": 3,
        "uploads": 1,
        "header": "E-Mail",
        "notes": [],
        "credits_needed": 3,
    }


def test_the_records_are_kept_as_they_were_uploaded(runner: JobRunner) -> None:
    """The provider's verdicts are joined to them."""
    view = runner.run("ipqs/email/export.csv", _EXPORT)

    assert view.job is not None
    prepared = view.job.prepared
    stored = runner.stack.emulator.client("s3").get_object(
        Bucket=view.job.bucket,
        Key=prepared.key.replace("submission.csv", "records.csv"),
        VersionId=prepared.records_version_id,
    )
    lines = stored["Body"].read().decode().splitlines(keepends=True)
    rows = [*csv.reader(lines, strict=True)]
    assert [row[5:] for row in rows[1:3]] == [
        ["1", "Asha", "asha@rows.example"],
        ["2", "Bina; the second", "bina@rows.example"],
    ]
    assert [row[1] for row in rows[1:]] == [
        *("sent", "sent", "duplicate", "blank", "not_sent", "sent")
    ]


def test_the_records_come_back_with_their_verdicts(runner: JobRunner) -> None:
    """In their order, with the uploader's columns, in two formats."""
    view = runner.run("ipqs/email/export.csv", _EXPORT)

    manifest = runner.manifest(view)
    keys = {file["kind"]: file["key"] for file in manifest["files"]}
    text = runner.stack.result(keys["joined"]).decode()
    rows = [*csv.DictReader(io.StringIO(text, newline=""))]
    assert [row["courier_status"] for row in rows] == [
        *("verified", "verified", "duplicate", "blank", "not_sent", "verified")
    ]
    assert [row["E-Mail"] for row in rows[:2]] == [
        "asha@rows.example",
        "bina@rows.example",
    ]
    assert rows[1]["Kunde"] == "Bina; the second"
    assert rows[2]["ipqs_Valid"] == rows[0]["ipqs_Valid"] != ""
    assert manifest["rows"]["verdict"] == "complete"
    assert runner.stack.result(keys["joined-parquet"])[:4] == b"PAR1"


def test_a_workbook_comes_back_with_its_verdicts(
    runner: JobRunner, api: ApiClient
) -> None:
    """A number keeps its digits, and the zeros that its format shows, to the end."""
    rows = [
        ["Kunde", "Telefon", "Seit"],
        ["Asha", number("919800000001"), number("46053", 2)],
        ["Bina", number("301234567", 1), ""],
        ["Chand", number("9.19800000001E11"), ""],
    ]
    content = workbook(rows, codes=["0000000000", "dd.mm.yyyy"])

    view = runner.run("ipqs/phone/Kunden.xlsx", content)

    assert (view.status, view.error) == ("SUCCEEDED", "")
    assert _received(runner) == [b"phone\n919800000001\n0301234567\n"]
    joined = {file["kind"]: file["key"] for file in runner.manifest(view)["files"]}
    text = runner.stack.result(joined["joined"]).decode()
    back = [*csv.DictReader(io.StringIO(text, newline=""))]
    assert [(row["Telefon"], row["courier_status"]) for row in back] == [
        ("919800000001", "verified"),
        ("0301234567", "verified"),
        ("919800000001", "duplicate"),
    ]
    assert [row["Seit"] for row in back] == ["2026-01-31", "", ""]
    form = {"provider": "ipqs", "type": "phone", "name": "Kunden.xlsx"}
    fields = api.call("POST", "/uploads", form)["fields"]
    assert fields["Content-Type"].endswith("spreadsheetml.sheet")


def test_a_form_says_which_column_is_sent(
    runner: JobRunner, api: ApiClient, tmp_path: Path
) -> None:
    """In any language: S3 keeps what the form says of the object."""
    file = tmp_path / "two.csv"
    file.write_text("Käufer,Von\nasha@rows.example,bina@rows.example\n" * 2, "utf-8")
    asked = {"provider": "ipqs", "type": "email", "column": "KÄUFER", "header": True}

    form = api.call("POST", "/uploads", asked)
    version_id = upload(form, file)

    job = {"key": form["key"], "version_id": version_id}
    job_id = api.call("POST", "/jobs", job)["job_id"]
    outcome = wait_for(lambda: api.call("GET", f"/jobs/{job_id}")["outcome"])
    assert outcome == "succeeded"
    assert _received(runner) == [b"email\nasha@rows.example\n"]


def test_a_refused_list_is_unpaid_and_says_why(
    runner: JobRunner, api: ApiClient
) -> None:
    """Its sentence is where people look: in the API, the notice and the console."""
    view = runner.run("ipqs/email/angle.csv", b"<a@b.example>\n<c@d.example>\n")

    assert (view.status, view.error) == ("FAILED", "SourceColumnUnclear")
    assert view.job is not None
    job_id = view.job.job_id
    sentence = "no column holds e-mail addresses: column 1: 0 of 2 cells fit"
    execution = runner.stack.emulator.client("stepfunctions").describe_execution(
        executionArn=runner.stack.execution_arn(job_id)
    )
    assert sentence in execution["cause"]
    assert sentence in api.call("GET", f"/jobs/{job_id}")["error"]["advice"]
    (notice,) = runner.notices(job_id)
    assert sentence in notice["Message"]
    assert not runner.stack.ipqs.csvs
