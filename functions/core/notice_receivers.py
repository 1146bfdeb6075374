"""Notice receivers: declare who gets notices by HTTP."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from functions.core.errors import SettingsMissing
from functions.core.settings_parser import ConfigError, parse

#: A name is part of logical ids, which have letters and digits only.
_NAME = re.compile(r"[a-z][a-z0-9]{0,30}")


@dataclass(frozen=True, kw_only=True)
class NoticeReceiver:
    """A receiver of notices.

    * format: `standard-webhooks` signs them (https://www.standardwebhooks.com), `slack`
      writes them as sentences, for Slack and for whatever reads Slack's JSON.
    * url: where a signed notice goes. A Slack address lets everybody write who knows
      it, so it is in the secret instead.
    * secret, loopback: set by the deployment. With `loopback`, which only the stage
      `local` has, a notice goes to this machine only, also without TLS.
    """

    format: Literal["standard-webhooks", "slack"]
    url: str = ""
    secret: str = ""
    loopback: bool = False


def receivers_by_queue(text: str) -> dict[str, NoticeReceiver]:
    """Return the receivers in JSON, by the ARN of the queue that each has.

    Raises:
        SettingsMissing: It is not what infra writes.
    """
    try:
        return parse_receivers(json.loads(text), where="receivers")
    except (ValueError, ConfigError):
        raise SettingsMissing("the receivers of notices are unreadable") from None


def parse_receivers(raw: Any, *, where: str) -> dict[str, NoticeReceiver]:  # noqa: ANN401 - any JSON
    """Return receivers by name.

    Raises:
        ConfigError: A setting is missing, unknown or of the wrong type.
    """
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: must be an object")
    return {
        name: parse(NoticeReceiver, receiver, where=f"{where}.{name}")
        for name, receiver in raw.items()
    }


def validate_receiver(
    name: str, receiver: NoticeReceiver, *, loopback: bool, where: str
) -> None:
    """Check what an operator has written about a receiver of a stage.

    Raises:
        ConfigError: It has no usable name, or an address that it must not have.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: a name has small letters and digits only")
    if receiver.secret or receiver.loopback:
        raise ConfigError(f"{where}: the deployment sets secret and loopback")
    if receiver.format == "slack":
        if receiver.url:
            raise ConfigError(f"{where}.url: belongs into the secret, as url")
    elif urlsplit(receiver.url).scheme != "https" and not loopback:
        raise ConfigError(f"{where}.url: must begin with https://")
