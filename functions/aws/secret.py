"""Secret: read a provider's credentials from Secrets Manager, cached for minutes."""

import json
import math
import re
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.aws import clients
from functions.aws.clients import error_code, translate_aws_errors
from functions.core.errors import CredentialsMissing

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CACHE_SECONDS = 300
#: How often an environment reads a secret anew because of a webhook that it refuses.
_REREAD_SECONDS = 10
#: What can stand in a header: visible characters, single spaces between words.
_HEADER_VALUE = re.compile(r"[!-~]+( [!-~]+)*")


class CachedSecrets:
    """Reads texts from Secrets Manager, and keeps each of them for five minutes.

    `now` is the time by this machine's clock: a cache compares with no other machine's.
    """

    def __init__(
        self,
        *,
        secrets_manager: "SecretsManagerClient",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secrets_manager = secrets_manager
        self._now = now
        self._texts: dict[str, tuple[float, str]] = {}

    def text(self, secret_id: str, *, fresh: bool) -> str:
        """Return a secret's text, "" where it has bytes; `fresh` reads it anew.

        Raises:
            CredentialsMissing: It has no value yet.
            AwsUnavailable, AwsRefused: Secrets Manager did not return it.
        """
        read_at, text = self._texts.get(secret_id, (-math.inf, ""))
        # Negative: the clock was corrected.
        if not fresh and 0 <= self._now() - read_at < _CACHE_SECONDS:
            return text
        with translate_aws_errors("read the provider's secret"):
            try:
                answer = self._secrets_manager.get_secret_value(SecretId=secret_id)
            except ClientError as error:
                # Also the answer for a secret without a value.
                if error_code(error) == "ResourceNotFoundException":
                    raise CredentialsMissing("the provider's secret is empty") from None
                raise
        text = answer.get("SecretString", "")
        self._texts[secret_id] = self._now(), text
        return text


class Secret:
    """A secret whose value is a JSON object.

    That of an account is `{"api_key": "…"}`, with an `api_secret` if requests are
    signed; that of webhooks, received or sent, is described at `webhook_secrets`, and
    that of an address is `{"url": "…"}`.
    """

    def __init__(self, secret_id: str, *, secrets: CachedSecrets) -> None:
        self._secret_id = secret_id
        self._secrets = secrets

    @classmethod
    def from_id(cls, secret_id: str) -> "Secret":
        """Return a secret by its ARN, read through the cache of this environment."""
        return cls(secret_id, secrets=_cached_secrets())

    def api_key(self, fresh: bool = False) -> str:
        """Return the API key; `fresh` reads it anew from Secrets Manager.

        Raises:
            CredentialsMissing: The secret is empty, or not of that form.
            AwsUnavailable, AwsRefused: Secrets Manager did not return it.
        """
        return self._member("api_key", fresh=fresh)

    def api_secret(self, fresh: bool = False) -> str:
        """Return the secret that signs requests; see `api_key`."""
        return self._member("api_secret", fresh=fresh)

    def url(self) -> str:
        """Return the address of a receiver whom it lets everybody write to."""
        return self._member("url", fresh=False)

    def generated_text(self) -> str:
        """Return the text that CloudFormation has generated, which is no JSON.

        Raises:
            CredentialsMissing: Somebody has emptied it.
        """
        text = self._read(fresh=False)
        if not text:
            raise CredentialsMissing("the stack's own secret is empty")
        return text

    def webhook_secrets(self, *, fresh: bool = False) -> tuple[str, ...]:
        """Return the secrets that may sign webhooks: two during a rotation.

        The secret is `{"current": "…", "previous": "…"}`; `previous` is there for as
        long as the provider may still use it.

        Raises:
            CredentialsMissing: The secret is empty, or not of that form.
        """
        try:
            document = json.loads(self._read(fresh=fresh))
            members: list[Any] = [document.get(n) for n in ("current", "previous")]
        except (ValueError, AttributeError):
            raise CredentialsMissing("the webhook's secret is not usable") from None
        secrets = tuple(member for member in members if member)
        if not secrets or not all(isinstance(secret, str) for secret in secrets):
            raise CredentialsMissing("the webhook's secret has no usable text")
        return secrets

    def reread_webhook_secrets(self, *, now: float) -> tuple[str, ...]:
        """Return them read anew; none if that was done some seconds ago.

        Otherwise each forged webhook would cause a read of the secret.

        Raises:
            CredentialsMissing: See `webhook_secrets`.
        """
        since = now - _last_rereads().get(self._secret_id, -math.inf)
        if 0 <= since < _REREAD_SECONDS:  # negative: the clock was corrected
            return ()
        _last_rereads()[self._secret_id] = now
        return self.webhook_secrets(fresh=True)

    def _member(self, name: str, *, fresh: bool) -> str:
        try:
            return self._read_member(name, fresh=fresh)
        except CredentialsMissing:
            if fresh:
                raise
            # Somebody may have filled the secret since it was read.
            return self._read_member(name, fresh=True)

    def _read_member(self, name: str, *, fresh: bool) -> str:
        try:
            text = json.loads(self._read(fresh=fresh))[name]
        except (ValueError, KeyError, TypeError):
            raise CredentialsMissing(f"the provider's secret has no {name}") from None
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text.strip()):
            raise CredentialsMissing(f"the provider's secret has no usable {name}")
        return text.strip()

    def _read(self, *, fresh: bool) -> str:
        return self._secrets.text(self._secret_id, fresh=fresh)


@cache
def _cached_secrets() -> CachedSecrets:
    return CachedSecrets(secrets_manager=clients.secrets_manager())


@cache
def _last_rereads() -> dict[str, float]:
    return {}
