"""The functions' environment variables, code, logs and concurrency."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.aws import settings
from functions.core.function_table import FUNCTIONS
from functions.core.provider_settings import IpqsSettings, TxncheckSettings
from infra.bundling import HOST, LAMBDA, PYTHON, Platform, bundle_join
from tests.infra.template import Template, text

EVERYWHERE = {
    "COURIER_STAGE",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
}
MEMORY = ("COURIER_MEMORY_TABLE", "COURIER_MEMORY_SECRET")
ENVIRONMENT = {
    "intake": {"COURIER_STATE_MACHINE", "COURIER_PROVIDERS"},
    "begin": {"COURIER_TABLE", "COURIER_KEEP_DAYS"},
    "submit": {
        "COURIER_TABLE",
        "COURIER_KEEP_DAYS",
        "COURIER_PROVIDERS",
        "COURIER_WAITS",
        "COURIER_RESULTS_BUCKET",
    },
    "check": {
        "COURIER_TABLE",
        "COURIER_KEEP_DAYS",
        "COURIER_PROVIDERS",
        "COURIER_RESULTS_BUCKET",
    },
    "download": {"COURIER_RESULTS_BUCKET", "COURIER_PROVIDERS"},
    "manifest": {
        "COURIER_TABLE",
        "COURIER_KEEP_DAYS",
        "COURIER_RESULTS_BUCKET",
        "COURIER_SHOW_FILE_NAMES",
    },
    "conclude": {"COURIER_TABLE", "COURIER_KEEP_DAYS"},
    "finalize_execution": {
        "COURIER_TABLE",
        "COURIER_KEEP_DAYS",
        "COURIER_TOPIC",
        "COURIER_RESULTS_BUCKET",
    },
    "api": {
        *MEMORY,
        "COURIER_TABLE",
        "COURIER_KEEP_DAYS",
        "COURIER_INBOX_BUCKET",
        "COURIER_RESULTS_BUCKET",
        "COURIER_STATE_MACHINE",
        "COURIER_PROVIDERS",
        "COURIER_WAITS",
        "COURIER_SHOW_FILE_NAMES",
        "COURIER_CHECK_FUNCTION",
    },
    "check_now": {"COURIER_PROVIDERS"},
    "approve": {
        "COURIER_KEEP_DAYS",
        "COURIER_RESULTS_BUCKET",
        "COURIER_TABLE",
        "COURIER_TOPIC",
        "COURIER_WAITS",
    },
    "listen": {"COURIER_WAITS"},
    "webhook": {"COURIER_WAITS", "COURIER_PROVIDERS"},
    "prepare": {"COURIER_TABLE", "COURIER_KEEP_DAYS", "COURIER_PROVIDERS", *MEMORY},
    "gather": {"COURIER_PROVIDERS", "COURIER_RESULTS_BUCKET"},
    "join": {
        "COURIER_RESULTS_BUCKET",
        "COURIER_SPREADSHEET_SAFE",
        "COURIER_PROVIDERS",
        *MEMORY,
    },
    "sweep": {
        "COURIER_TABLE",
        "COURIER_KEEP_DAYS",
        "COURIER_STATE_MACHINE",
        "COURIER_PROVIDERS",
    },
}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_function_has_the_variables_that_it_reads_and_no_more(
    template: Template, name: str
) -> None:
    """`functions.aws.settings` reads every one of them; none is a provider's key."""
    assert set(template.environment(name)) == EVERYWHERE | ENVIRONMENT[name]


def test_no_environment_contains_a_key(template: Template) -> None:
    """The settings contain the ARNs of the secrets only."""
    secrets = set(template.resources("AWS::SecretsManager::Secret"))

    for provider in template.provider_settings().values():
        assert provider["secret"].strip("<>") in secrets
        webhook_secret = provider["webhook_secret"] or provider["secret"]
        assert webhook_secret.strip("<>") in secrets
    for function in template.functions().values():
        assert "resolve:secretsmanager" not in json.dumps(function)


def test_the_functions_can_read_their_settings(template: Template) -> None:
    """With their own code: the CDK omits members that are null, for example."""
    variables = template.environment("check")
    local = variables["COURIER_STAGE"] == "local"

    read = settings.read({"COURIER_PROVIDERS": text(variables["COURIER_PROVIDERS"])})

    ipqs, txncheck = read.providers["ipqs"], read.providers["txncheck"]
    assert ipqs.rate is None
    assert ipqs.webhook is None
    assert not ipqs.policy.uses_webhook
    assert txncheck.rate is not None
    assert (txncheck.webhook is not None) is txncheck.policy.uses_webhook is local
    assert isinstance(ipqs, IpqsSettings)
    assert isinstance(txncheck, TxncheckSettings)


def test_the_settings_of_ipqs_are_complete(prod: Template) -> None:
    """The functions read exactly these; a missing one stops each of them."""
    ipqs = prod.provider_settings()["ipqs"]

    assert (bool(ipqs.pop("secret")), ipqs.pop("webhook_secret")) == (True, "")
    assert ipqs == {
        "base_url": "https://www.ipqualityscore.com",
        "download_hosts": ["downloads.ipqualityscore.com"],
        "key_place": {"upload": "field", "status": "path", "list": "header"},
        "types": ["email", "phone", "proxy", "url"],
        "extensions": [".csv", ".txt", ".tsv", ".jsonl", ".xlsx"],
        "batches": [],
        "max_batch_requests": 0,
        "max_source_bytes": 268435456,
        "max_source_records": 2000000,
        "remember_days": 0,
        "send_unfit": False,
        "max_upload_bytes": 104857600,
        "max_result_bytes": 53687091200,
        "settle_seconds": 3600,
        "late_days": 7,
        "list_pages": 20,
        "keeps_file_names": True,
        "value_columns": [
            *("email", "emailaddress", "mail"),
            *("phone", "phonenumber", "mobile", "mobilenumber", "telephone"),
            *("ip", "ipaddress"),
            *("url", "domain", "website"),
            *("password", "username"),
        ],
        "resubmit_unlisted": False,
        "windows_1252": False,
        "approve_days": 3,
        "credits_per_value": 1,
        "approve_beyond_credits": True,
        "loopback": False,
        "poll": {
            "first_seconds": 12,
            "floor_seconds": 4,
            "growth": 0.1,
            "cap_seconds": 900,
            "jitter": 0.05,
            "hint_min_seconds": 1,
            "hint_max_seconds": 3600,
            "deadline_seconds": 86400,
            "early_growth": 0.0,
            "retry_first_seconds": 2.0,
            "required_confirmations": 3,
            "uses_webhook": False,
        },
    }


def test_the_settings_of_txncheck_are_complete(prod: Template) -> None:
    """Its rate is ten calls a minute; the scheme of its webhooks is not known.

    Until an operator sets the scheme, webhooks are rejected and jobs are polled.
    """
    txncheck = prod.provider_settings()["txncheck"]

    assert txncheck.pop("secret") != txncheck.pop("webhook_secret")
    assert txncheck == {
        "base_url": "https://api.txncheck.in/api/v1",
        "signing": False,
        "upi_name": "optional",
        "bank_async": False,
        "approve_days": 3,
        "credits_per_value": 1,
        "approve_beyond_credits": True,
        "types": [
            "upi-by-mobile",
            "kyc-by-mobile",
            "vpa-chargeback-check",
            "bulk-vpa-chargeback-check",
            "full-check",
            "bank-verification-pennyless",
        ],
        "extensions": [".json", ".csv", ".jsonl", ".xlsx"],
        "batches": [".csv", ".jsonl", ".xlsx"],
        "max_batch_requests": 50000,
        "data_retention_days": 7,
        "rate": {"calls": 10, "seconds": 60, "leeway_seconds": 5},
        "max_source_bytes": 10485760,
        "max_upload_bytes": 10485760,
        "max_result_bytes": 10485760,
        "settle_seconds": 360,
        "late_days": 7,
        "loopback": False,
        "poll": {
            "first_seconds": 1,
            "floor_seconds": 10,
            "growth": 0.1,
            "cap_seconds": 120,
            "jitter": 0.05,
            "hint_min_seconds": 1,
            "hint_max_seconds": 3600,
            "deadline_seconds": 28800,
            "early_growth": 0.5,
            "retry_first_seconds": 2.0,
            "required_confirmations": 3,
            "uses_webhook": False,
        },
    }


def test_only_the_local_stack_calls_simulators(template: Template) -> None:
    """A deployed stack that allows plain HTTP would expose the provider's key."""
    providers = template.provider_settings()
    parameters = template.body["Parameters"]
    simulators = {"IpqsBaseUrl", "IpqsDownloadHost", "TxncheckBaseUrl"}
    local = "IpqsBaseUrl" in parameters

    for name, provider in providers.items():
        base_url = f"<{name.capitalize()}BaseUrl>" if local else "https://"
        assert provider["loopback"] is local
        assert provider["base_url"].startswith(base_url)
    assert simulators & set(parameters) == (simulators if local else set())
    if local:
        assert providers["ipqs"]["download_hosts"] == ["<IpqsDownloadHost>"]
        assert not any("Default" in parameters[name] for name in simulators)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:49152", True),
        ("localhost", True),
        ("downloads.localhost:8080", True),
        ("www.ipqualityscore.com", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("127.0.0.1@example.com", False),
        ("169.254.169.254", False),
    ],
)
def test_a_simulator_runs_on_this_machine(
    assembly: Callable[[str], Path], host: str, *, allowed: bool
) -> None:
    """The local template, deployed by mistake, reaches no provider."""
    parameters = Template.read(assembly("local")).body["Parameters"]
    base_urls = [
        re.compile(parameters[name]["AllowedPattern"])
        for name in ("IpqsBaseUrl", "TxncheckBaseUrl")
    ]
    download_host = re.compile(parameters["IpqsDownloadHost"]["AllowedPattern"])

    for base_url in base_urls:
        assert bool(base_url.match(f"http://{host}")) is allowed
    assert bool(download_host.match(host)) is allowed


def test_the_functions_share_one_asset(template: Template) -> None:
    """All but Join, which has a database besides; an update of them is one upload."""
    functions = template.functions()

    assert set(functions) == set(ENVIRONMENT) == set(FUNCTIONS)
    codes = {name: json.dumps(each["Code"]) for name, each in functions.items()}
    own = codes.pop("join")
    assert len({*codes.values()}) == 1
    assert own not in codes.values()
    for name, function in functions.items():
        assert function["Handler"].startswith(f"functions.{name}.")
        assert function["Runtime"] == f"python{PYTHON}"
        assert function["Architectures"] == ["arm64"]


@pytest.mark.parametrize(("stage", "built"), [("prod", LAMBDA), ("local", HOST)])
def test_join_gets_the_database_of_its_processor(
    assembly: Callable[[str], Path], stage: str, built: Platform
) -> None:
    """The local stack runs functions on this machine, AWS on arm64."""
    folder = assembly(stage)
    (asset,) = [path.parent for path in folder.glob("asset.*/duckdb")]

    (compiled,) = asset.glob("_duckdb.*.so")
    assert (asset / compiled.name).stat().st_size == next(
        bundle_join(built).glob("_duckdb.*.so")
    ).stat().st_size


def test_join_has_room_for_a_list_of_millions(template: Template) -> None:
    """Its memory holds the database's 1 GB, its disk everything else."""
    join = template.functions()["join"]

    assert join["MemorySize"] >= 2 * 1024
    assert join["EphemeralStorage"]["Size"] == 10_240


def test_a_function_is_traced_and_logs_to_a_group_of_its_own(
    template: Template,
) -> None:
    """A group that Lambda creates has neither an expiry nor our key."""
    functions = template.functions().values()

    groups = {text(function["LoggingConfig"]["LogGroup"]) for function in functions}
    assert len(groups) == len(functions)
    for function in functions:
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["LoggingConfig"]["LogFormat"] == "Text"


@pytest.mark.fault(89)
def test_production_reserves_concurrency_and_a_new_account_need_not(
    template: Template,
) -> None:
    """A burst of one function must not starve the others, or the account."""
    in_prod = template.environment("check")["COURIER_STAGE"] == "prod"
    for function in template.functions().values():
        assert ("ReservedConcurrentExecutions" in function) is in_prod


def test_the_api_starts_from_a_snapshot_where_that_is_asked_for(
    changed: Template,
) -> None:
    """Only a published version has one, so the alias of the newest is called."""
    with_snapshot = [f for f in changed.functions().values() if "SnapStart" in f]
    assert with_snapshot == [changed.functions()["api"]]
    assert with_snapshot[0]["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    ((alias, properties),) = changed.properties("AWS::Lambda::Alias").items()
    ((version, published),) = changed.resources("AWS::Lambda::Version").items()
    assert properties["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    assert "DeletionPolicy" not in published  # each kept one is charged
    called = {
        alias in json.dumps(method["Integration"]["Uri"])
        for method in changed.properties("AWS::ApiGateway::Method").values()
        if "webhook" not in json.dumps(method["Integration"]["Uri"]).lower()
    }
    assert called == {True}


def test_without_that_setting_no_version_is_published(prod: Template) -> None:
    """A snapshot is charged by the month."""
    assert not any("SnapStart" in each for each in prod.functions().values())
    kinds = {resource["Type"] for resource in prod.body["Resources"].values()}
    assert not kinds & {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
