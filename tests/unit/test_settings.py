"""Settings: read once, whole, or refused with all that is missing."""

import json

import pytest

from functions.aws.settings import read
from functions.core import keys
from functions.core.errors import SettingsMissing
from functions.core.provider_settings import ProviderSettings, to_json
from tests.settings import ipqs_settings, txncheck_settings

IPQS = ipqs_settings(secret="arn:secret")


def environment(ipqs: object) -> dict[str, str]:
    """Return an environment with one provider."""
    return {keys.ENV_PROVIDERS: json.dumps({"ipqs": ipqs})}


@pytest.mark.parametrize(
    ("provider", "settings"),
    [("ipqs", IPQS), ("txncheck", txncheck_settings(webhook_secret="arn:other"))],
)
def test_settings_are_read_as_infra_writes_them(
    provider: str, settings: ProviderSettings
) -> None:
    """Infra and the functions share one class a provider, and one parser."""
    variables = {
        keys.ENV_PROVIDERS: json.dumps({provider: to_json(settings)}),
        keys.ENV_JOBS_TABLE: "jobs",
    }

    read_back = read(variables, keys.ENV_JOBS_TABLE)

    assert read_back.providers == {provider: settings}
    assert read_back.jobs_table == "jobs"


def test_what_is_not_needed_may_be_missing() -> None:
    """Each function is given only what it uses."""
    settings = read({})

    assert (settings.jobs_table, settings.results_bucket, settings.state_machine) == (
        "",
        "",
        "",
    )
    assert settings.providers == {}


def test_all_that_is_missing_is_named_at_once() -> None:
    """A deployment is mended in one go, not in three."""
    with pytest.raises(SettingsMissing, match=r"not set: A, B$"):
        read({"A": "", "C": "there"}, "C", "B", "A")


@pytest.mark.parametrize(
    "missing",
    sorted(to_json(IPQS).keys() - {"secret", "webhook_secret"}),
)
def test_a_missing_setting_of_a_provider_is_named(missing: str) -> None:
    """The name is half of the cure; what may be null may be missing, too."""
    settings = {key: value for key, value in to_json(IPQS).items() if key != missing}

    if to_json(IPQS)[missing] is None:
        assert read(environment(settings)).providers["ipqs"] == IPQS
    else:
        with pytest.raises(SettingsMissing, match=missing):
            read(environment(settings))


def test_the_settings_of_an_earlier_release_are_read() -> None:
    """A new function meets the environment of before, until that is deployed, too."""
    settings = to_json(IPQS)
    settings["endings"] = settings.pop("extensions")

    assert read(environment(settings)).providers["ipqs"] == IPQS


@pytest.mark.parametrize(
    "providers",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="a list"),
        pytest.param('{"ipqs": 1}', id="a number for a provider"),
        pytest.param('{"other": {}}', id="a provider that there is not"),
        pytest.param(
            json.dumps({"ipqs": {**to_json(IPQS), "poll": {"no": 1}}}), id="new poll"
        ),
        pytest.param(
            json.dumps({"ipqs": {**to_json(IPQS), "types": None}}), id="no types"
        ),
    ],
)
def test_another_form_is_refused(providers: str) -> None:
    """It comes from infra alone; anything else is half a deployment."""
    with pytest.raises(SettingsMissing, match=keys.ENV_PROVIDERS):
        read({keys.ENV_PROVIDERS: providers})
