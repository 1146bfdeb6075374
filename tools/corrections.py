"""List the emulator's corrections in its document, and find the needless ones."""

import argparse
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from local.emulator import registry
from tools.markdown import replace_between

_ROOT = Path(__file__).parents[1]
DOCUMENT = _ROOT / "docs" / "local-stack.md"
UPSTREAM = _ROOT / "docs" / "upstream" / "ministack.md"
_TESTS = _ROOT / "tests" / "emulator"
_URL = re.compile(r"https://[^\s,;]+[^\s,;.]")
_MARK = re.compile(r'mark\.correction\("(\w+)"\)|^def (\w+)', re.MULTILINE)
_COUNT = re.compile(r"(?<!\d)(\d{1,9}) (passed|failed|xfailed|errors?)\b")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What the docstring of a correction says, and the tests that hold it."""

    name: str
    summary: str
    fact: str
    source: str
    tests: tuple[str, ...]
    is_offered: bool

    @property
    def row(self) -> str:
        """The row of the table in the document."""
        source = _URL.sub(lambda url: f"[{_title(url[0])}]({url[0]})", self.source)
        tests = ", ".join(f"`{test}`" for test in self.tests)
        text = f"[text](upstream/ministack.md#{self.name})" if self.is_offered else "—"
        fact = f"{self.summary} AWS: {self.fact}".replace("|", r"\|")
        return f"| `{self.name}` | {fact} | {source} | {tests} | {text} |"


def corrections() -> list[Correction]:
    """Return all corrections, in the order in which they are installed."""
    tests = _tests()
    offered = set(re.findall(r"(?m)^## (\w+)$", UPSTREAM.read_text()))
    unknown = offered - set(registry.names())
    if unknown:
        raise ValueError(f"{UPSTREAM.name} has texts on no correction: {unknown}")
    return [
        _correction(function, tests, is_offered=function.__name__ in offered)
        for function in registry.CORRECTIONS
    ]


def with_table(text: str) -> str:
    """Return the document with the current table between its markers.

    Raises:
        ValueError: The text lacks a marker.
    """
    rows = [
        "| correction | what it restores | source | tests | for MiniStack's authors |",
        "| --- | --- | --- | --- | --- |",
        *(correction.row for correction in corrections()),
    ]
    begin, end = "<!-- the corrections: `make corrections` -->", "<!-- their end -->"
    return replace_between(text, begin, end, content="\n\n" + "\n".join(rows) + "\n\n")


def verdict(summary: str) -> str:
    """Return what the last line of a run without the correction says.

    Its tests are expected to fail then: `failed` are those that pass without it.
    """
    counts = {kind: int(number) for number, kind in _COUNT.findall(summary)}
    passing = counts.get("failed", 0) + counts.get("passed", 0)
    failing = counts.get("xfailed", 0)
    if not failing and not passing:
        return "needed: nothing starts without it" if counts else "unknown: no test ran"
    if not failing:
        return "NOT NEEDED: all of its tests pass without it"
    if passing:
        return f"needed, but {passing} of its tests pass without it"
    return "needed"


def without(name: str) -> str:
    """Run the tests of a correction without it, and return what they say."""
    run = subprocess.run(  # noqa: S603 - our own command line
        [
            *(sys.executable, "-m", "pytest", "-q", "--tb=no", "--no-header"),
            *("-p", "no:cacheprovider", str(_TESTS), "--leave-out", name),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return verdict((run.stdout.strip().splitlines() or [""])[-1])


def main() -> int:
    """Write the table, then say of each correction whether it is still needed."""
    parser = argparse.ArgumentParser(prog="python -m tools.corrections")
    parser.add_argument("names", nargs="*", help="only these corrections")
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
    if options.table:
        return 0
    needless = False
    for name in options.names or registry.names():
        said = without(name)
        needless |= said.startswith("NOT")
        print(f"{name:26} {said}", flush=True)  # noqa: T201 - a command's output
    return int(needless)


def _correction(
    function: Callable[[], None], tests: dict[str, list[str]], *, is_offered: bool
) -> Correction:
    docstring = inspect.getdoc(function) or ""
    rest = docstring.partition("AWS: ")[2]
    fact, _, rest = rest.partition("Source: ")
    source, _, ministack = rest.partition("MiniStack: ")
    if not (fact and source and ministack):
        raise ValueError(f"{function.__name__} lacks AWS, Source or MiniStack")
    return Correction(
        name=function.__name__,
        summary=docstring.partition("\n")[0],
        fact=" ".join(fact.split()),
        source=" ".join(source.split()),
        tests=tuple(tests[function.__name__]),
        is_offered=is_offered,
    )


def _tests() -> dict[str, list[str]]:
    """Return the tests that are marked with each correction."""
    marked: dict[str, list[str]] = {name: [] for name in registry.names()}
    for file in sorted(_TESTS.glob("test_*.py")):
        for name, test in _marks(file.read_text()):
            if test not in marked[name]:
                marked[name].append(test)
    return marked


def _marks(source: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a correction and a test that has its mark."""
    pending: list[str] = []
    for found in re.finditer(
        r'mark\.correction\("(\w+)"\)|^def (\w+)', source, re.MULTILINE
    ):
        if found[1]:
            pending.append(found[1])
        else:
            yield from ((name, found[2]) for name in pending)
            pending = []


def _title(url: str) -> str:
    """Return the name of a page, without the directories and the ending."""
    page = url.partition("#")[0].rstrip("/").rpartition("/")[2]
    return page.removesuffix(".html")


if __name__ == "__main__":
    sys.exit(main())
