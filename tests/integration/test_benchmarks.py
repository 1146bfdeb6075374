"""The benchmarks that run code of the functions in an environment of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("benchmarks.api_latency --jobs 60 --calls 3", "the bar is 10"),
        ("benchmarks.one_check", "(bar 0.15)"),
    ],
)
def test_a_benchmark_measures(words: str, shown: str) -> None:
    """Nobody runs them daily, and a new setting would end them before they measure.

    Whether a bar is met shows on a machine that does nothing else.
    """
    ran = subprocess.run(
        [sys.executable, "-m", *words.split()],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown in ran.stdout, ran.stderr
