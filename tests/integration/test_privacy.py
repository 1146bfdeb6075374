"""Privacy: personal data are only in the S3 objects that are meant for them."""

import json
import re
from typing import Any

from functions.core.rows import JOINED_KINDS
from local.simulators.txncheck import TxncheckSimulator
from tests.integration.harness import JobRunner
from tests.integration.sinks import Sinks

_NAME = "Zubeida Canary"
_REQUESTS: list[tuple[str, dict[str, object]]] = [
    ("upi-by-mobile", {"mobile": "+919870000001", "name": _NAME}),
    ("kyc-by-mobile", {"mobile": "+919870000002"}),
    ("full-check", {"mobile": "+919870000007", "name": _NAME}),  # ends partial
    ("vpa-chargeback-check", {"vpas": ["zubeida.canary@invented"]}),
    (
        "bank-verification-pennyless",
        {"accountNumber": "987000000000001", "ifscNumber": "CNRY0123456"},
    ),
    ("full-check", {"mobile": "+9198700000011223344", "name": _NAME}),  # invalid
    ("full-check", {"mobile": "+919870000009", "name": _NAME}),  # fails
]
_PEOPLE = "\n".join(
    (
        "mobile,name",
        f"+919870000003,{_NAME}",
        f"+919870000009,{_NAME}",
        f"98700000445566778,{_NAME}",
    )
)


def test_personal_data_are_in_no_log_state_notice_key_or_metric(
    runner: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """The objects are deleted after a week; a copy elsewhere would stay."""
    txncheck.behave(echoes_input=True)
    views = [
        runner.run(f"txncheck/{type_}/request.json", json.dumps(request).encode())
        for type_, request in _REQUESTS
    ]
    views.append(runner.run("txncheck/full-check/people.csv", _PEOPLE.encode()))
    personal = _personal_texts([request for _, request in _REQUESTS])
    personal.add("98700000445566778")
    for view in views:
        if view.job is not None and view.job.manifest_key:
            for file in runner.manifest(view)["files"]:
                if file["kind"] in JOINED_KINDS:
                    continue  # the same answers, beside the uploader's cells
                content = runner.stack.result(file["key"])
                lines = [json.loads(line) for line in content.splitlines()]
                personal |= _personal_texts([line.get("result") for line in lines])

    pan = re.compile("[A-Z]{5}[0-9]{4}[A-Z]")
    assert any(pan.fullmatch(text) for text in personal)
    assert any(text.startswith("XXXXXXXX") for text in personal)  # a masked Aadhaar
    assert Sinks(runner.stack).containing(personal) == set()


#: Texts of the documents that say nothing about a person, such as status words.
_WORDS = re.compile(
    r"[A-Z_]+|ok|failed|clean|[a-z-]+|[0-9]|[0-9T:.Z-]{20,}|request\..*", re.ASCII
)


def _personal_texts(document: Any) -> set[str]:  # noqa: ANN401 - any JSON
    """Return the texts in a document that say something about a person."""
    match document:
        case dict():
            return _personal_texts([*document.values()])
        case list():
            return {text for member in document for text in _personal_texts(member)}
        case str() if not _WORDS.fullmatch(document):
            return {document, document.removeprefix("+91")}
    return set()
