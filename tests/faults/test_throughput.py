"""Throughput: what is compared does the same work."""

from pathlib import Path

from benchmarks.course import RELAY, contenders, course

SIZE = 20 * 1024 * 1024  # two parts


def test_the_contenders_copy_the_same_rows(tmp_path: Path) -> None:
    """A ratio to a program that copies less would flatter."""
    present, absent = contenders(tmp_path)
    assert "product" in present

    with course(SIZE) as running:
        runs = [
            running.contend(name) for name in ("product", RELAY) if name not in absent
        ]

    assert {run.bytes for run in runs} == {SIZE}
    assert len({(run.rows, run.sha256) for run in runs}) == 1
    assert runs[0].rows > SIZE // 100
