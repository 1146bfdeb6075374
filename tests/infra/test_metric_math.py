"""The evaluator of expressions has the results of CloudWatch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.metric_math import Series, UnsupportedExpression, evaluate

A: Series = [1.0, None, 4.0]
B: Series = [2.0, 5.0, 0.0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", A),
        ("a + b * 10", [21, None, 4]),
        ("a / b", [0.5, None, None]),
        ("100 * (a / b)", [50, None, None]),
        ("2 ^ b", [4, 32, 1]),
        ("-b", [-2, -5, 0]),
        ("b > 1", [1, 1, 0]),
        ("b > 1 AND b < 4", [1, 0, 0]),
        ("b == 5 || b == 0", [0, 1, 1]),
        ("FILL(a, 0)", [1, 0, 4]),
        ("FILL(a, b)", [1, 5, 4]),
        ("FILL(a, REPEAT)", [1, 4, 4]),
        ("IF(b > 1, a, 9)", [1, None, 9]),
        ("IF(b > 1, 7)", [7, 7, None]),
        ("IF(FILL(a, 0) > 0, b / a, 0)", [2, 0, 0]),
        ("SUM(METRICS())", [3, 5, 4]),
        ("SUM([a, b, 1])", [4, 6, 5]),
        ("MAX([a, b])", [2, 5, 4]),
        ("AVG(FILL(METRICS(), 0))", [1.5, 2.5, 2]),
        ("SUM(b)", [7, 7, 7]),
        ("MIN(a)", [1, 1, 1]),
        ("CEIL(ABS(-a / 3))", [1, None, 2]),
        # The use cases that the documentation gives for FILL, IF and METRICS.
        ("MAX(METRICS())", [2, 5, 4]),
        ("MAX(FILL(METRICS(), 0))", [2, 5, 4]),
        ("FILL(a, MIN(a))", [1, 1, 4]),
        ("IF(b < 3, b)", [2, None, 0]),
        ("IF(b < 3, 10, 2)", [10, 2, 10]),
        ("IF(b > a, 1, 0)", [1, None, 0]),
        ("b / SUM(METRICS())", [2 / 3, 1, 0]),
    ],
)
def test_expression(expression: str, expected: Series) -> None:
    """A missing value and a division by zero stay missing until they are filled."""
    assert evaluate(expression, {"a": A, "b": B}, 3) == expected


@pytest.mark.parametrize(
    "expression",
    ["", "c", "a +", "[a, b]", "SEARCH('x', 'Sum', 60)", "a.b", "a if b else a"],
)
def test_unsupported_expression_is_refused(expression: str) -> None:
    """An alarm that can never go off must not be accepted."""
    with pytest.raises(UnsupportedExpression):
        evaluate(expression, {"a": A, "b": B}, 3)


@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=6))
def test_fill_replaces_missing_values_only(series: Series) -> None:
    """Values that are present stay as they are."""
    filled = evaluate("FILL(a, 0)", {"a": series}, len(series))

    assert filled == [0 if value is None else value for value in series]
