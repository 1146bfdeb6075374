"""What an operator sees names what is there, and what wakes one says what to do."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.errors import PERMANENT, RETRYABLE
from functions.core.metrics import NAMESPACE, STAGE, Metric
from functions.core.model import Outcome
from functions.core.settings_parser import ConfigError
from infra import config
from infra.app import synthesize
from tests.infra.template import Json, Template, listed, text
from tools.runbook import RUNBOOK, anchors

OURS = {(m.title, frozenset(names)) for m in Metric for names in m.sets}
#: Of AWS' own, those that we use, with the dimensions that they have.
AWS = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", frozenset({"QueueName"})),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", frozenset({"QueueName"})),
    ("AWS/Lambda", "Errors", frozenset({"FunctionName"})),
    ("AWS/Lambda", "ConcurrentExecutions", frozenset[str]()),
    ("AWS/Lambda", "Throttles", frozenset[str]()),
    ("AWS/States", "ExecutionThrottled", frozenset({"StateMachineArn"})),
    ("AWS/States", "ThrottledEvents", frozenset({"ServiceMetric"})),
    ("AWS/States", "OpenExecutionCount", frozenset[str]()),
}
SEARCH = re.compile(
    r"SEARCH\('{VerdictCourier,([a-z,]+)} "
    r"MetricName=\"(\w+)\" stage=\"(\w+)\"', '\w+'\)"
)
#: A metric: where, which, by what.
Used = tuple[str, str, dict[str, str]]


def stage_of(template: Template) -> str:
    """Name the stage of a template."""
    variables = template.functions()["check"]["Environment"]["Variables"]
    return str(variables["COURIER_STAGE"])


def widgets(template: Template) -> list[Json]:
    """Read the dashboard."""
    (dashboard,) = template.properties("AWS::CloudWatch::Dashboard").values()
    found: list[Json] = json.loads(text(dashboard["DashboardBody"]))["widgets"]
    return found


def shown(template: Template) -> Iterator[Used]:
    """Go through the metrics of the dashboard."""
    for widget in widgets(template):
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                names, title, stage = searched(metric[0]["expression"])
                yield NAMESPACE, title, dict.fromkeys(names, "") | {STAGE: stage}
                continue
            namespace, name, *rest = (m for m in metric if not isinstance(m, dict))
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def searched(expression: str) -> tuple[list[str], str, str]:
    """Read a search: the dimensions, the metric, the stage."""
    found = SEARCH.fullmatch(expression)
    assert found, expression
    return found[1].split(","), found[2], found[3]


def alarms(template: Template) -> dict[str, Json]:
    """Return the alarms, without the composite of them."""
    return template.properties("AWS::CloudWatch::Alarm")


def watched(alarm: Json) -> Iterator[Used]:
    """Go through the metrics of an alarm."""
    stats = [
        m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m
    ]
    for metric in stats or [alarm]:
        pairs = metric.get("Dimensions", [])
        by = {pair["Name"]: text(pair["Value"]) for pair in pairs}
        yield metric["Namespace"], metric["MetricName"], by


def check(template: Template, used: Used) -> None:
    """Hold a metric to the tables."""
    namespace, name, by = used
    if namespace != NAMESPACE:
        assert (namespace, name, frozenset(by)) in AWS, used
        return
    assert (name, frozenset(by)) in OURS, used
    assert by[STAGE] == stage_of(template), used
    assert by.get("outcome", "") in {*map(str, Outcome)}, used
    errors = {error.__name__ for error in (*PERMANENT, *RETRYABLE)}
    assert by.get("error", "") in {*errors, ""}, used


def test_the_dashboard_shows_what_is_measured(template: Template) -> None:
    """A line of a metric that nobody measures stays empty, and nobody notices."""
    found = list(shown(template))

    assert len(found) > 40
    for used in found:
        check(template, used)


def test_the_dashboard_leaves_nothing_out(template: Template) -> None:
    """What is measured and shown nowhere is paid for all the same."""
    names = {name for namespace, name, _ in shown(template) if namespace == NAMESPACE}

    assert names == {metric.title for metric in Metric}


def test_the_dashboard_leads_to_the_queries_and_the_run_book(
    template: Template,
) -> None:
    """Whoever sees that something is wrong wants to read on."""
    (links,) = (
        w["properties"]["markdown"] for w in widgets(template) if w["type"] == "text"
    )

    queries = template.properties("AWS::Logs::QueryDefinition").values()
    assert len(queries) == 3
    for query in queries:
        assert query["Name"] in links
    assert "/docs/operations.md)" in links


def test_the_widgets_lie_side_by_side(template: Template) -> None:
    """Two in one place are one that nobody sees."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets(template):
        for x in range(widget["x"], widget["x"] + widget["width"]):
            for y in range(widget["y"], widget["y"] + widget["height"]):
                assert (x, y) not in taken
                assert x < 24
                taken.add((x, y))


def test_a_query_asks_all_of_our_logs(template: Template) -> None:
    """A job's story that leaves a step out misleads."""
    groups = template.resources("AWS::Logs::LogGroup")
    ours = {f"<{name}>" for name in groups if "AccessLog" not in name}

    for query in template.properties("AWS::Logs::QueryDefinition").values():
        assert {text(group) for group in query["LogGroupNames"]} == ours


def test_a_query_asks_for_what_lines_have(template: Template) -> None:
    """Logs Insights finds nothing by a name that no line has, without a word."""
    titles = {metric.title for metric in Metric}
    for query in template.properties("AWS::Logs::QueryDefinition").values():
        named = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w*", query["QueryString"]))
        assert named <= titles


def test_an_alarm_watches_what_is_measured(template: Template) -> None:
    """One on a metric that does not exist is always quiet."""
    assert len(alarms(template)) == 13
    for alarm in alarms(template).values():
        for used in watched(alarm):
            check(template, used)


def test_an_alarm_says_what_is_wrong_and_what_to_do(template: Template) -> None:
    """One sentence and one link, to a section that is there, for a person at night."""
    known = anchors(RUNBOOK.read_text())
    composites = template.properties("AWS::CloudWatch::CompositeAlarm")

    for alarm in (*alarms(template).values(), *composites.values()):
        said = re.fullmatch(
            r"([A-Z][^.]+\.) (https://\S+/docs/operations\.md)#(\S+)",
            alarm["AlarmDescription"],
        )
        assert said, alarm["AlarmDescription"]
        assert said[3] in known


def test_every_section_on_an_alarm_is_of_one(template: Template) -> None:
    """A section that no alarm leads to tells of something that does not happen."""
    described = {alarm["AlarmDescription"] for alarm in alarms(template).values()}

    led_to = {description.partition("#")[2] for description in described}
    assert led_to == {a for a in anchors(RUNBOOK.read_text()) if a.startswith("alarm-")}


def test_every_alarm_wakes_and_says_when_it_is_over(template: Template) -> None:
    """Each by itself: the composite is silent about a second cause."""
    (topic,) = (n for n in template.resources("AWS::SNS::Topic") if "Operations" in n)
    (composite,) = template.properties("AWS::CloudWatch::CompositeAlarm").values()

    for alarm in (*alarms(template).values(), composite):
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
    for name in alarms(template):
        assert f'ALARM("<{name}.Arn>")' in text(composite["AlarmRule"])


def test_nothing_measured_is_no_alarm(template: Template) -> None:
    """Where nothing runs, nobody is woken."""
    for name, alarm in alarms(template).items():
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_a_job_is_overdue_after_every_deadline(template: Template) -> None:
    """A patient provider's jobs must not wake anybody for being patient."""
    _, alarm = template.named("AWS::CloudWatch::Alarm", "JobOverdue")
    variables = template.functions()["check"]["Environment"]["Variables"]
    providers = json.loads(text(variables["COURIER_PROVIDERS"])).values()

    longest = max(known["poll"]["deadline_seconds"] for known in providers)
    assert longest < alarm["Threshold"] <= longest + 6 * 3600


def statement(policy: Json) -> Json:
    """Return what a policy lets alarms do."""
    (found,) = (
        one
        for one in policy["Statement"]
        if one.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}
    )
    assert found["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    return dict(found)


def test_alarms_of_this_account_may_tell_the_topic(template: Template) -> None:
    """Its own policy replaces the default one; the key's has to let them encrypt."""
    (key,) = template.properties("AWS::KMS::Key").values()
    _, topic = template.named("AWS::SNS::TopicPolicy", "Operations")

    assert statement(topic["PolicyDocument"])["Action"] == "sns:Publish"
    assert set(listed(statement(key["KeyPolicy"])["Action"])) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }


def test_nobody_else_tells_the_topic(template: Template) -> None:
    """Whoever can publish there can wake a person."""
    for role in template.resources("AWS::IAM::Role"):
        for action, resource in template.rights(role):
            assert not (action.startswith("sns:") and "Operations" in resource)


@pytest.fixture
def settings() -> dict[str, Any]:
    """Give the context of cdk.json, to be changed."""
    return config.context()


def test_open_telemetry_and_debug_lines_are_settings(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trace records the address of a call, which may hold a provider's key."""
    settings["courier"]["every_stage"]["debug_sample_rate"] = 0.05
    layer = "arn:aws:lambda:eu-central-1:123456789012:layer:opentelemetry:1"
    settings["courier"]["every_stage"]["otel_layer_arn"] = layer
    monkeypatch.setattr(config, "context", lambda: settings)

    traced = Template.read(synthesize("dev", outdir=tmp_path))

    for function in traced.functions().values():
        variables = function["Environment"]["Variables"]
        assert function["Layers"] == [layer]
        assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/otel-instrument"
        without = variables["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"].split(",")
        assert {"requests", "urllib3"} <= set(without)
        assert variables["POWERTOOLS_LOGGER_SAMPLE_RATE"] == "0.05"


def test_without_the_settings_there_is_neither(assembly: Callable[[str], Path]) -> None:
    """X-Ray's own tracing needs nothing in the function."""
    for function in Template.read(assembly("prod")).functions().values():
        assert "Layers" not in function
        variables = set(function["Environment"]["Variables"])
        assert not variables & {
            "AWS_LAMBDA_EXEC_WRAPPER",
            "POWERTOOLS_LOGGER_SAMPLE_RATE",
        }


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_share_of_debug_lines_is_a_share(
    settings: dict[str, Any], rate: float
) -> None:
    """Powertools would log all lines, or none, and say nothing."""
    settings["courier"]["every_stage"]["debug_sample_rate"] = rate

    with pytest.raises(ConfigError, match="debug_sample_rate: must be from 0 to 1"):
        config.stage("prod", settings["courier"])
