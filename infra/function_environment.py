"""Function environment: set the variables that each function reads as its settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from functions.core import keys
from functions.core.provider_settings import ProviderSettings, to_json
from infra.credentials import Credentials
from infra.functions import Functions
from infra.storage import Storage

# The only hosts that CloudFormation accepts as parameters: even if the local stage's
# template is deployed to an account by mistake, nothing is sent to another machine.
LOOPBACK = r"(127(\.[0-9]{1,3}){3}|([a-z0-9-]+\.)*localhost)(:[0-9]{1,5})?"


def set_environments(
    functions: Functions,
    *,
    storage: Storage,
    credentials: Credentials,
    machine: sfn.StateMachine,
    providers: str,
    jobs_retention_days: int,
    show_file_names: bool,
    spreadsheet_safe: bool,
) -> None:
    """Set the variables that each function needs, and no others."""
    f = functions
    results = {keys.ENV_RESULTS_BUCKET: storage.results.bucket_name}
    state_machine = {keys.ENV_STATE_MACHINE: machine.state_machine_arn}
    settings = {keys.ENV_PROVIDERS: providers}
    waits = {keys.ENV_WAITS_TABLE: storage.waits.table_name}
    jobs = {
        keys.ENV_JOBS_TABLE: storage.jobs.table_name,
        keys.ENV_JOBS_RETENTION_DAYS: str(jobs_retention_days),
    }
    topic = {keys.ENV_NOTICES_TOPIC: storage.notices.topic_arn}
    inbox = {keys.ENV_INBOX_BUCKET: storage.inbox.bucket_name}
    _set(f.intake, state_machine, settings)
    _set(f.begin, jobs)
    _set(f.submit, settings, waits, jobs, results)
    _set(f.check, settings, jobs, results)
    _set(f.check_now, settings)
    _set(f.download, settings, results)
    names = {keys.ENV_SHOW_FILE_NAMES: str(show_file_names).lower()}
    _set(f.manifest, results, jobs, names)
    _set(f.conclude, jobs)
    _set(f.listen, waits)
    _set(f.approve, waits, jobs, topic, results)
    _set(f.webhook, waits, settings)
    memory = {
        keys.ENV_MEMORY_TABLE: storage.verdicts.table_name,
        keys.ENV_MEMORY_SECRET: credentials.memory.secret_arn,
    }
    _set(f.prepare, settings, jobs, memory)
    _set(f.gather, settings, results)
    safe = {keys.ENV_SPREADSHEET_SAFE: str(spreadsheet_safe).lower()}
    _set(f.join, results, safe, settings, memory)
    _set(f.sweep, settings, state_machine, jobs)
    _set(f.finalize_execution, topic, results, jobs)
    _set(f.api, inbox, results, state_machine, settings, jobs, waits, names, memory)
    _set(f.api, {keys.ENV_CHECK_FUNCTION: f.check_now.function_arn})


def provider_settings_json(
    stack: Stack,
    providers: Mapping[str, ProviderSettings],
    credentials: Credentials,
) -> str:
    """Return the value of `COURIER_PROVIDERS`: each provider's settings, by name.

    If a provider is a simulator (`loopback`), its addresses are parameters of the
    stack, so that one template serves every run of the local stack.
    """
    document = {}
    for name, provider in providers.items():
        webhook_secret = credentials.webhooks.get(name)
        document[name] = {
            **to_json(
                replace(
                    provider,
                    secret=credentials.secrets[name].secret_arn,
                    webhook_secret=webhook_secret.secret_arn if webhook_secret else "",
                )
            ),
            **(
                _simulator_addresses(stack, name, provider) if provider.loopback else {}
            ),
        }
    return stack.to_json_string(document)


def _simulator_addresses(
    stack: Stack, name: str, provider: ProviderSettings
) -> dict[str, Any]:
    base_url = CfnParameter(
        stack,
        f"{name.capitalize()}BaseUrl",
        description=f"Where the simulator of {name} listens, such as http://127.0.0.1:1",
        allowed_pattern=f"^https?://{LOOPBACK}(/[a-z0-9/]*)?$",
    )
    addresses: dict[str, Any] = {"base_url": base_url.value_as_string}
    if provider.has_download_hosts:
        download_host = CfnParameter(
            stack,
            f"{name.capitalize()}DownloadHost",
            description="The host that its download links name",
            allowed_pattern=f"^{LOOPBACK}$",
        )
        addresses["download_hosts"] = [download_host.value_as_string]
    return addresses


def _set(function: lambda_.Function, *variables: Mapping[str, str]) -> None:
    for group in variables:
        for name, value in group.items():
            function.add_environment(name, value)
