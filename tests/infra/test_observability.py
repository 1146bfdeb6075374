"""Dashboard, queries and alarms use existing metrics, and alarms say what to do."""

import json
import re
from collections.abc import Iterator

import pytest

from functions.aws.callbacks import WebhookOutcome
from functions.core.errors import PERMANENT, RETRYABLE
from functions.core.metrics import NAMESPACE, STAGE, Metric
from functions.core.model import Outcome
from functions.core.rows import RowsVerdict
from functions.core.settings_parser import ConfigError
from infra import config
from infra.runbook import advice, alarm_description
from tests.infra.conftest import CHANGED
from tests.infra.template import Json, Template, as_list, text
from tools.runbook import RUNBOOK, anchors

OURS = {(m.title, frozenset(names)) for m in Metric for names in m.sets}
#: The metrics of AWS that we use, with their dimensions.
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
#: A metric: namespace, name, dimensions.
Used = tuple[str, str, dict[str, str]]


def widgets(template: Template) -> list[Json]:
    """Return the widgets of the dashboard."""
    dashboard = template.only("AWS::CloudWatch::Dashboard")
    widgets: list[Json] = json.loads(text(dashboard["DashboardBody"]))["widgets"]
    return widgets


def dashboard_metrics(template: Template) -> Iterator[Used]:
    """Yield the metrics of the dashboard."""
    for widget in widgets(template):
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                names, title, stage = parse_search(metric[0]["expression"])
                yield NAMESPACE, title, dict.fromkeys(names, "") | {STAGE: stage}
                continue
            namespace, name, *rest = (m for m in metric if not isinstance(m, dict))
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def parse_search(expression: str) -> tuple[list[str], str, str]:
    """Return dimensions, metric and stage of a search expression."""
    found = SEARCH.fullmatch(expression)
    assert found, expression
    return found[1].split(","), found[2], found[3]


def sections() -> list[str]:
    """Return what the sections of the run-book on alarms are about."""
    return re.findall(r"(?m)^### Alarm: (.+)$", RUNBOOK.read_text())


def alarms(template: Template) -> dict[str, Json]:
    """Return the alarms without their composite, by logical id."""
    return template.properties("AWS::CloudWatch::Alarm")


def alarm_metrics(alarm: Json) -> Iterator[Used]:
    """Yield the metrics of an alarm."""
    stats = [
        m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m
    ]
    for metric in stats or [alarm]:
        pairs = metric.get("Dimensions", [])
        dimensions = {pair["Name"]: text(pair["Value"]) for pair in pairs}
        yield metric["Namespace"], metric["MetricName"], dimensions


def check(template: Template, used: Used) -> None:
    """Assert that a metric exists, with these dimensions and possible values."""
    namespace, name, dimensions = used
    if namespace != NAMESPACE:
        assert (namespace, name, frozenset(dimensions)) in AWS, used
        return
    assert (name, frozenset(dimensions)) in OURS, used
    assert dimensions[STAGE] == template.environment("check")["COURIER_STAGE"], used
    assert dimensions.get("outcome", "") in {*map(str, Outcome)}, used
    assert dimensions.get("verdict", "") in {*map(str, RowsVerdict), ""}, used
    assert dimensions.get("heard", "") in {*map(str, WebhookOutcome), ""}, used
    errors = {error.__name__ for error in (*PERMANENT, *RETRYABLE)}
    assert dimensions.get("error", "") in {*errors, ""}, used


def test_the_dashboard_shows_existing_metrics(template: Template) -> None:
    """A graph of a metric that does not exist stays empty, and nobody notices."""
    found = list(dashboard_metrics(template))

    assert len(found) > 40
    for used in found:
        check(template, used)


def test_the_dashboard_shows_every_metric(template: Template) -> None:
    """A metric that is shown nowhere still costs money."""
    names = {
        name
        for namespace, name, _ in dashboard_metrics(template)
        if namespace == NAMESPACE
    }

    assert names == {metric.title for metric in Metric}


def test_the_dashboard_links_the_queries_and_the_run_book(
    template: Template,
) -> None:
    """They are the next step for whoever sees a problem."""
    (links,) = (
        w["properties"]["markdown"] for w in widgets(template) if w["type"] == "text"
    )

    queries = template.properties("AWS::Logs::QueryDefinition").values()
    assert len(queries) == 3
    for query in queries:
        assert query["Name"] in links
    assert links.startswith("Run-book: docs/operations.md")


def test_the_widgets_do_not_overlap(template: Template) -> None:
    """A covered widget is invisible."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets(template):
        for x in range(widget["x"], widget["x"] + widget["width"]):
            for y in range(widget["y"], widget["y"] + widget["height"]):
                assert (x, y) not in taken
                assert x < 24
                taken.add((x, y))


def test_a_query_covers_all_of_our_logs(template: Template) -> None:
    """The history of a job must not leave a step out."""
    groups = template.resources("AWS::Logs::LogGroup")
    ours = {f"<{name}>" for name in groups if "AccessLog" not in name}

    for query in template.properties("AWS::Logs::QueryDefinition").values():
        assert {text(group) for group in query["LogGroupNames"]} == ours


def test_a_query_uses_existing_metrics(template: Template) -> None:
    """Logs Insights finds nothing by an unknown field, without an error."""
    titles = {metric.title for metric in Metric}
    for query in template.properties("AWS::Logs::QueryDefinition").values():
        named = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w*", query["QueryString"]))
        assert named <= titles


def test_an_alarm_watches_existing_metrics(template: Template) -> None:
    """An alarm on a metric that does not exist never goes off."""
    assert len(alarms(template)) == 18
    for alarm in alarms(template).values():
        for used in alarm_metrics(alarm):
            check(template, used)


def test_an_alarm_says_what_is_wrong_and_what_to_do(template: Template) -> None:
    """Whoever is woken may have nothing but this text, on a telephone."""
    for alarm in alarms(template).values():
        description = alarm["AlarmDescription"]
        assert re.match(r"[A-Z][^.]+\. [A-Z].+\.$", description)
        assert any(advice(kind) in description for kind in sections())
        assert len(description) <= 1024  # what CloudWatch allows
        assert not re.search(r"[*`\n]|\]\(|https?:| below|OWNER", description)


def test_every_section_on_an_alarm_has_an_alarm(template: Template) -> None:
    """A section that no alarm quotes is about something that does not happen."""
    descriptions = [a["AlarmDescription"] for a in alarms(template).values()]

    for kind in sections():
        assert any(advice(kind) in description for description in descriptions), kind


def test_a_link_leads_to_the_section_of_the_alarm() -> None:
    """Without an address there is none: it would lead to somebody else's page."""
    url = "https://wiki.example.com/operations"

    for kind in sections():
        linked = alarm_description("It fails.", kind, runbook_url=url)
        address, _, anchor = linked.rpartition(" ")[2].partition("#")
        assert address == url
        assert anchor in anchors(RUNBOOK.read_text())
        plain = alarm_description("It fails.", kind, runbook_url="")
        assert linked == f"{plain} {url}#{anchor}"


def test_an_alarm_without_a_section_fails_the_synth() -> None:
    """It would wake people without a word on what to do."""
    with pytest.raises(ValueError, match="'Moon rising'"):
        advice("Moon rising")


def test_every_alarm_notifies_when_it_starts_and_ends(template: Template) -> None:
    """Each by itself: the composite does not report a second cause."""
    (topic,) = (n for n in template.resources("AWS::SNS::Topic") if "Operations" in n)
    composite = template.only("AWS::CloudWatch::CompositeAlarm")

    for alarm in (*alarms(template).values(), composite):
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
    for name in alarms(template):
        assert f'ALARM("<{name}.Arn>")' in text(composite["AlarmRule"])


def test_missing_data_is_no_alarm(template: Template) -> None:
    """Where nothing runs, nobody needs to be woken."""
    for name, alarm in alarms(template).items():
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_a_job_is_overdue_only_after_the_longest_deadline(template: Template) -> None:
    """Jobs of the slowest provider must not raise the alarm by being slow."""
    _, alarm = template.named("AWS::CloudWatch::Alarm", "JobOverdue")
    providers = template.provider_settings().values()

    longest = max(provider["poll"]["deadline_seconds"] for provider in providers)
    assert longest < alarm["Threshold"] <= longest + 6 * 3600


def alarm_actions(policy: Json) -> set[str]:
    """Return the actions that a policy allows to alarms, and only of this account."""
    (statement,) = (
        statement
        for statement in policy["Statement"]
        if statement.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}
    )
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    return set(as_list(statement["Action"]))


def test_alarms_of_this_account_may_publish_to_the_topic(template: Template) -> None:
    """The topic's policy replaces the default; the key's allows them to encrypt."""
    key = template.only("AWS::KMS::Key")
    _, topic = template.named("AWS::SNS::TopicPolicy", "Operations")

    assert alarm_actions(topic["PolicyDocument"]) == {"sns:Publish"}
    assert alarm_actions(key["KeyPolicy"]) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }


def test_nobody_else_publishes_to_the_topic(template: Template) -> None:
    """A message there wakes a person."""
    for role in template.resources("AWS::IAM::Role"):
        for action, resource in template.rights(role):
            assert not (action.startswith("sns:") and "Operations" in resource)


def test_open_telemetry_and_debug_lines_are_settings(changed: Template) -> None:
    """No trace records URLs, since some contain a provider's key."""
    for function in changed.functions().values():
        variables = function["Environment"]["Variables"]
        assert function["Layers"] == [CHANGED["otel_layer_arn"]]
        assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/otel-instrument"
        without = variables["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"].split(",")
        assert {"requests", "urllib3"} <= set(without)
        assert variables["POWERTOOLS_LOGGER_SAMPLE_RATE"] == "0.05"


def test_the_level_of_the_state_machines_log_is_a_setting(changed: Template) -> None:
    """A log of each state is worth its price to some, and not to all."""
    machine = changed.only("AWS::StepFunctions::StateMachine")
    logging = machine["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)


def test_without_the_settings_there_is_neither(prod: Template) -> None:
    """Tracing with X-Ray needs neither a layer nor a variable."""
    for function in prod.functions().values():
        assert "Layers" not in function
        variables = set(function["Environment"]["Variables"])
        assert not variables & {
            "AWS_LAMBDA_EXEC_WRAPPER",
            "POWERTOOLS_LOGGER_SAMPLE_RATE",
        }


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_the_debug_sample_rate_is_from_0_to_1(rate: float) -> None:
    """Powertools would log all lines, or none, without an error."""
    settings = config.context()["courier"]
    settings["every_stage"]["debug_sample_rate"] = rate

    with pytest.raises(ConfigError, match="debug_sample_rate: must be from 0 to 1"):
        config.stage("prod", settings)
