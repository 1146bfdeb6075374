"""Memory: a result of any size passes through a function of fixed size."""

import pytest

from benchmarks.memory import GIB, MAX_MIB, measure


@pytest.mark.fault(8)
@pytest.mark.fault(52)
def test_a_gibibyte_passes_through_little_memory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The function's memory must not limit the size of a result."""
    peak = measure(GIB)

    with capsys.disabled():
        print(f" peak {peak.peak_mib} MiB in {peak.seconds} s", end="")  # noqa: T201 - the figure is wanted
    assert peak.bytes == GIB
    assert peak.peak_mib <= MAX_MIB
