"""Results summary: write in a few words what the manifest of a job says."""

from collections.abc import Iterator, Mapping
from typing import Any

from verdict_courier.api_client import ForeignAnswer
from verdict_courier.api_description import VERDICTS
from verdict_courier.results import listed_results

#: The numbers of rows by name, in the order in which they are read.
_NUMBERS = {
    "records": "records",
    "sent": "sent",
    "distinct": "different",
    "returned": "returned",
    "failed": "failed",
    "missing": "missing",
    "unexpected": "unexpected",
    "duplicates": "duplicates",
    "removed": "removed",
    "remembered": "remembered",
    "blank": "blank",
    "invalid": "invalid",
}


def summary(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the files, the numbers of rows and the verdict of a response on results.

    The links in it are secrets and stay here: a file's `href` is one of the page.

    Raises:
        ForeignAnswer: It does not list results.
    """
    results = listed_results(response)
    rows = response["manifest"].get("rows", {})
    if not isinstance(rows, Mapping):
        raise ForeignAnswer("The manifest is not that of the API.")
    verdict = rows.get("verdict")
    return {
        "files": [
            {
                "kind": result.kind,
                "rows": int(result.file["rows"]),
                "bytes": result.size,
                "href": f"objects/{response['job_id']}/{result.kind}",
            }
            for result in results
        ],
        "numbers": list(_numbers(rows)),
        "verdict": verdict,
        "meaning": VERDICTS.get(str(verdict)),
    }


def _numbers(rows: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the numbers of rows that are there, with what they count."""
    for name, words in _NUMBERS.items():
        if isinstance(number := rows.get(name), int) and number:
            yield words, number
    for reason, number in rows.get("not_sent", {}).items():
        yield f"not sent ({reason})", number
