"""Personal data are in the objects of S3 that are meant for them, and nowhere else."""

import json
import re
from typing import Any

from local.execution_view import ExecutionView
from local.simulators.txncheck import TxncheckSimulator
from tests.integration.harness import JobRunner
from tests.integration.sinks import Sinks

_NAME = "Zubeida Canary"
_ASKED = {
    "upi-by-mobile": {"mobile": "+919870000001", "name": _NAME},
    "kyc-by-mobile": {"mobile": "+919870000002"},
    "full-check": {"mobile": "+919870000007", "name": _NAME},  # ends partial
    "vpa-chargeback-check": {"vpas": ["zubeida.canary@invented"]},
    "bank-verification-pennyless": {
        "accountNumber": "987000000000001",
        "ifscNumber": "CNRY0123456",
    },
}
_REFUSED = {"mobile": "+9198700000011223344", "name": _NAME}
_FAILED = {"mobile": "+919870000009", "name": _NAME}
_PEOPLE = "\n".join(
    (
        "mobile,name",
        f"+919870000003,{_NAME}",
        f"+919870000009,{_NAME}",
        f"98700000445566778,{_NAME}",
    )
)


def test_personal_data_are_in_no_log_state_notice_key_or_metric(
    courier: JobRunner, txncheck: TxncheckSimulator
) -> None:
    """They are why this provider's results are kept for a week, and in one place."""
    txncheck.behave(echoes_input=True)
    ended = [_deliver(courier, type_, asked) for type_, asked in _ASKED.items()]
    ended.append(_deliver(courier, "full-check", _REFUSED))
    ended.append(_deliver(courier, "full-check", _FAILED))
    key = "txncheck/full-check/people.csv"
    ended.append(courier.run(key, _PEOPLE.encode()))
    persons = _said(_ASKED, _REFUSED, _FAILED) | {"98700000445566778"}
    for view in ended:
        if view.job is not None and view.job.manifest_key:
            for file in courier.manifest(view)["files"]:
                persons |= _persons(courier.stack.result(file["key"]).decode())

    assert any(re.fullmatch("[A-Z]{5}[0-9]{4}[A-Z]", text) for text in persons)  # a PAN
    assert any(text.startswith("XXXXXXXX") for text in persons)  # a masked Aadhaar
    assert Sinks(courier.stack).holding(persons) == set()


def _deliver(courier: JobRunner, type_: str, asked: object) -> ExecutionView:
    key = f"txncheck/{type_}/request.json"
    return courier.run(key, json.dumps(asked).encode())


#: Words of the documents, which are no person's.
_WORDS = re.compile(
    r"[A-Z_]+|ok|failed|clean|[a-z-]+|[0-9]|[0-9T:.Z-]{20,}|request\..*", re.ASCII
)


def _persons(content: str) -> set[str]:
    """Give every text of a result that says something about somebody."""
    lines = [json.loads(line) for line in content.splitlines()]
    return _said(*(line.get("result") for line in lines))


def _said(*documents: Any) -> set[str]:  # noqa: ANN401 - any JSON
    said: set[str] = set()
    for document in documents:
        if isinstance(document, dict):
            said |= _said(*document.values())
        elif isinstance(document, list):
            said |= _said(*document)
        elif isinstance(document, str) and not _WORDS.fullmatch(document):
            said.add(document)
            said.add(document.removeprefix("+91"))
    return said
