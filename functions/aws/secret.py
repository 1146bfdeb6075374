"""Secret: a provider's credentials, read at run time and kept for minutes."""

import json
import re

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import BotoCoreError, ClientError

from functions.aws.clients import error_code, translate_aws_errors
from functions.core.errors import CredentialsMissing

_KEPT_SECONDS = 300
#: What can stand in a header; a line break inside would not leave this machine.
_KEY = re.compile(r"[!-~]+( [!-~]+)*")


class Secret:
    """The JSON object in one secret, `{"api_key": "…"}` at the least.

    Where calls are signed it has an `api_secret` besides.
    """

    def __init__(self, secret_id: str, *, provider: SecretsProvider) -> None:
        self._secret_id = secret_id
        self._provider = provider

    def api_key(self, fresh: bool = False) -> str:
        """Give the API key; anew from Secrets Manager where `fresh`.

        Raises:
            CredentialsMissing: The secret is empty, or not of that form.
            AwsUnavailable, AwsRefused: Secrets Manager did not give it.
        """
        return self._text("api_key", fresh=fresh)

    def api_secret(self, fresh: bool = False) -> str:
        """Give what requests are signed with, in the same way as the key."""
        return self._text("api_secret", fresh=fresh)

    def _text(self, name: str, *, fresh: bool) -> str:
        try:
            text = json.loads(self._read(fresh=fresh))[name]
        except (ValueError, KeyError, TypeError):
            raise CredentialsMissing(f"the provider's secret has no {name}") from None
        if not isinstance(text, str) or not _KEY.fullmatch(text.strip()):
            raise CredentialsMissing(f"the provider's secret has no usable {name}")
        return text.strip()

    def webhook_secrets(self) -> tuple[str, ...]:
        """Give what webhooks may be signed with: two, while one replaces the other.

        The secret is `{"current": "…", "previous": "…"}`, the second only for as long
        as the provider may still use it.

        Raises:
            CredentialsMissing: The secret is empty, or not of that form.
        """
        try:
            read = json.loads(self._read(fresh=False))
            named = [read.get(name) for name in ("current", "previous")]
        except (ValueError, AttributeError):
            raise CredentialsMissing("the webhook's secret is not usable") from None
        known = tuple(one for one in named if one)
        if not known or not all(isinstance(one, str) for one in known):
            raise CredentialsMissing("the webhook's secret has no usable text")
        return known

    def _read(self, *, fresh: bool) -> str:
        with translate_aws_errors("read the provider's secret"):
            try:
                value = self._provider.get(
                    self._secret_id, max_age=_KEPT_SECONDS, force_fetch=fresh
                )
            except GetParameterError as error:
                cause = error.__cause__ or error.__context__
                if not isinstance(cause, ClientError | BotoCoreError):
                    raise CredentialsMissing("the secret could not be read") from None
                if _is_missing(cause):
                    # A secret without a value answers so, too.
                    raise CredentialsMissing("the provider's secret is empty") from None
                raise cause from None
        return value if isinstance(value, str) else ""


def _is_missing(error: Exception) -> bool:
    return (
        isinstance(error, ClientError)
        and error_code(error) == "ResourceNotFoundException"
    )
