"""Settings: what the functions are told of the providers, as one JSON object."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from aws_cdk import CfnParameter, Stack

from functions.core.function_table import FUNCTIONS
from infra.config import LOCAL, Ipqs, Provider, Stage
from infra.credentials import Credentials
from infra.parsing import ConfigError

# CloudFormation holds the parameters to it: even the local stage's template, put
# into an account by mistake, sends nothing anywhere.
LOOPBACK = r"(127(\.[0-9]{1,3}){3}|([a-z0-9-]+\.)*localhost)(:[0-9]{1,5})?"


def refuse_early_settling(stage: Stage) -> None:
    """Refuse to send again what an attempt that still runs may be sending."""
    least = FUNCTIONS["submit"].timeout
    for name, provider in stage.providers.items():
        if provider.settle_seconds <= least and stage.name != LOCAL:
            raise ConfigError(
                f"courier.stages.{stage.name}.providers.{name}.settle_seconds: "
                f"must be above Submit's {least} s, or a list may be paid twice"
            )


def provider_settings(
    stack: Stack,
    providers: Mapping[str, Provider],
    credentials: Credentials,
) -> str:
    """Return the value of `COURIER_PROVIDERS`: each provider's settings, by name.

    Where a provider is a simulator (`loopback`), its addresses are parameters of
    the stack, so that one template serves every run of the local stack.
    """
    return stack.to_json_string(
        {
            name: {
                "secret": credentials.secrets[name].secret_arn,
                **_webhook_secret(credentials, name),
                **json.loads(json.dumps(asdict(provider))),  # jsii takes no tuples
                **(_simulator(stack, name, provider) if provider.loopback else {}),
            }
            for name, provider in providers.items()
        }
    )


def _webhook_secret(credentials: Credentials, name: str) -> dict[str, str]:
    secret = credentials.webhooks.get(name)
    return {"webhook_secret": secret.secret_arn} if secret else {}


def _simulator(stack: Stack, name: str, provider: Provider) -> dict[str, object]:
    base_url = CfnParameter(
        stack,
        f"{name.capitalize()}BaseUrl",
        description=f"Where the simulator of {name} listens, such as http://127.0.0.1:1",
        allowed_pattern=f"^https?://{LOOPBACK}(/[a-z0-9/]*)?$",
    )
    simulated: dict[str, object] = {"base_url": base_url.value_as_string}
    if not isinstance(provider, Ipqs):
        return simulated
    download_host = CfnParameter(
        stack,
        f"{name.capitalize()}DownloadHost",
        description="The host that its download links name",
        allowed_pattern=f"^{LOOPBACK}$",
    )
    return simulated | {"download_hosts": [download_host.value_as_string]}
