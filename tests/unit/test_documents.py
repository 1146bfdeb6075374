"""Documents: what they list is what there is."""

import re
from pathlib import Path

import pytest

from tools.runbook import anchors

_ROOT = Path(__file__).parents[2]
_DECISIONS = _ROOT / "docs" / "decisions"
_DOCUMENTS = [
    path
    for path in (*_ROOT.glob("*.md"), *(_ROOT / "docs").glob("*.md"))
    if path.name != "CHANGELOG.md"
]


def test_the_fault_catalogue_lists_the_faults_of_tests() -> None:
    """A fault that a test covers is promised, and what is promised is tested."""
    catalogue = (_ROOT / "docs" / "reliability.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| (\d[\d, ]*) \|", catalogue)
    listed = [number for row in rows for number in row.split(", ")]
    marked = {
        number
        for path in (_ROOT / "tests").rglob("*.py")
        for number in re.findall(r"mark\.fault\((\d+)\)", path.read_text("utf-8"))
    }

    assert len(listed) == len(set(listed))
    assert set(listed) == marked


def test_the_index_lists_each_decision_once_and_in_order() -> None:
    """Two branches that add decisions leave lines in the order of their merges."""
    index = (_DECISIONS / "README.md").read_text("utf-8")
    names = sorted(path.name for path in _DECISIONS.glob("0*.md"))

    assert re.findall(r"(?m)^\| \[\d{4}\]\((.+?)\)", index) == names


@pytest.mark.parametrize("path", sorted(_DECISIONS.glob("0*.md")), ids=lambda p: p.name)
def test_a_decision_is_whole(path: Path) -> None:
    """Its reason and its price are what it is kept for; the index repeats its head."""
    text = path.read_text("utf-8")
    number = path.name[:4]
    (title,) = re.findall(rf"(?m)^# {number}\. (.+)$", text)
    (topic,) = re.findall(r"(?m)^- \*\*Topic:\*\* (.+)$", text)

    assert re.findall(r"(?m)^## (.+)$", text) == ["Context", "Decision", "Price"]
    assert re.search(r"(?m)^- \*\*Date:\*\* \d{4}-\d\d-\d\d$", text)
    assert re.search(r"(?m)^- \*\*Status:\*\* (accepted|superseded by)", text)
    index = (_DECISIONS / "README.md").read_text("utf-8")
    assert re.search(
        rf"(?m)^\| \[{number}\]\(.+?\) \| {re.escape(title)} \| .+ \| {topic} \|$",
        index,
    )


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: path.name)
def test_a_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    """A heading that is renamed leaves links behind, and no reader reports them."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path

        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked.read_text("utf-8")), target
