"""Check what the demo is asked for, before the stack is started for it."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from functions.core.provider_settings import ProviderSettings
from infra import config
from local import sample
from local.stack import STAGE

_ROWS = 1_000
#: Ignored by git, in the folder in which `make demo` runs.
_KEPT = Path("out")
#: The default types of providers whose first type it is not.
_DEFAULT_TYPES = {"txncheck": "full-check"}


class DemoMisused(Exception):
    """There is no such demo; the message says which there are."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the demo, which are not checked yet."""
    parser = argparse.ArgumentParser(
        prog="demo", description="Run one job on this machine."
    )
    parser.add_argument(
        "--file", default="", metavar="FILE", help="your own file, instead of a sample"
    )
    parser.add_argument("--type", default="", help="the type of verification")
    parser.add_argument("--provider", default="ipqs", help="the provider")
    return parser.parse_args(arguments)


def _providers() -> Mapping[str, ProviderSettings]:
    return config.stage(STAGE, config.context()["courier"]).providers


def demo_type(provider: str, type_: str) -> str:
    """Return the type to verify, by default one that the provider has.

    The inbox ignores a file of another type, so that its job would be awaited in vain.

    Raises:
        DemoMisused: There is no such provider, or it has no such type.
    """
    providers = _providers()
    if provider not in providers:
        names = ", ".join(providers)
        raise DemoMisused(f"there is no provider {provider!r}; there are {names}")
    if not type_:
        return _DEFAULT_TYPES.get(provider) or providers[provider].types[0]
    if type_ in providers[provider].types:
        return type_
    verified = f"{provider} verifies {', '.join(providers[provider].types)}"
    for other, settings in providers.items():
        if type_ in settings.types:
            command = f"make demo TYPE={type_} PROVIDER={other}"
            raise DemoMisused(f"{verified}; {other} verifies {type_}: {command}")
    raise DemoMisused(f"no provider verifies {type_!r}; {verified}")


def source(file: str, provider: str, type_: str) -> tuple[str, bytes]:
    """Return the name and the content of the file to upload.

    Raises:
        DemoMisused: There is no such file, or the provider takes none of its kind.
    """
    if not file:
        made = sample.file(type_, _ROWS)
        if made is None:
            raise DemoMisused(f"there is no sample of {type_}: name a file, FILE=…")
        return made
    path = Path(file)
    extensions = _providers()[provider].extensions
    if path.suffix.lower() not in extensions:
        taken = " or ".join(extensions)
        raise DemoMisused(f"{provider} takes files that end in {taken}, not {file}")
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise DemoMisused(f"cannot read {file}: {error.strerror}") from None


def kept_folder(file: str) -> Path | None:
    """Return where the results of one's own file are kept; None for a sample.

    Raises:
        DemoMisused: Nothing can be written there.
    """
    if not file:
        return None
    try:
        _KEPT.mkdir(exist_ok=True)
    except OSError as error:
        raise DemoMisused(f"cannot write into {_KEPT}/: {error.strerror}") from None
    return _KEPT
