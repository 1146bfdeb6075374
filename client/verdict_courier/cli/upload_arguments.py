"""Declare the arguments that say which file is uploaded, and for what."""

import argparse

import shtab

from verdict_courier import api_description
from verdict_courier.cli import argument_types
from verdict_courier.cli.misuse import Misused
from verdict_courier.cli.texts import listed, printable


def add_upload(target: argparse.ArgumentParser, *, files: str | int) -> None:
    """Add what says which files are uploaded, and for what."""
    file = target.add_argument(
        "files",
        nargs=files,
        metavar="FILE",
        type=argument_types.file,
        help=f"UTF-8, {listed(api_description.upload_extensions())}",
    )
    file.complete = shtab.FILE  # type: ignore[attr-defined] # shtab reads it
    add_verification(target)
    target.add_argument(
        "--label", type=argument_types.label, help="your words about the job"
    )
    add_list_options(target)
    target.add_argument(
        "--fresh",
        action="store_true",
        help="send values although their verdicts are remembered",
    )


def add_list_options(target: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add what a list does not show by itself; return the same parser."""
    target.add_argument(
        "--column",
        type=argument_types.column,
        metavar="NAME_OR_NUMBER",
        help="the column of the values, by its header or its number from 1",
    )
    target.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first record is a header; default: its content decides",
    )
    target.add_argument(
        "--send-unfit",
        action=argparse.BooleanOptionalAction,
        help="whether values that do not fit the type are sent, and paid for",
    )
    return target


def list_options(options: argparse.Namespace) -> dict[str, str | bool]:
    """Return what is said of a list, for the body of a request."""
    names = ("column", "header", "send_unfit")
    asked = {name: getattr(options, name) for name in names}
    return {name: value for name, value in asked.items() if value is not None}


def add_verification(target: argparse.ArgumentParser) -> None:
    """Add what is verified, and by whom."""
    target.add_argument(
        "--type",
        required=True,
        choices=_all_types(),
        metavar="TYPE",
        help="what to verify: see below",
    )
    add_provider(target, default="ipqs")


def add_provider(target: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the choice of a provider."""
    target.add_argument(
        "--provider",
        default=default,
        choices=list(api_description.uploads()),
        help=f"default: {default}" if default else "only jobs of this provider",
    )


def check_type(options: argparse.Namespace) -> None:
    """Raise unless the provider verifies the type."""
    uploads = api_description.uploads()
    upload = uploads[options.provider]
    if options.type not in upload.types:
        others = [name for name in uploads if options.type in uploads[name].types]
        raise Misused(
            f"{options.provider} verifies {listed(upload.types)}, not {options.type}: "
            f"name its provider with --provider {others[0]}"
        )


def wishes(options: argparse.Namespace) -> dict[str, str | bool]:
    """Return what a form for an upload is asked for besides provider, type and name."""
    # An earlier release refuses what it does not know.
    return list_options(options) | ({"fresh": True} if options.fresh else {})


def check_files(options: argparse.Namespace) -> None:
    """Raise unless the provider takes such files, and what is wished of them."""
    upload = api_description.uploads()[options.provider]
    for name in wishes(options):
        if name not in upload.members:
            option = name.replace("_", "-")
            raise Misused(
                f"--{option} is for lists, which {options.provider} does not take"
            )
    for file in options.files:
        if file.suffix.lower() not in upload.extensions:
            name = printable(file)
            raise Misused(
                f"{options.provider} takes {listed(upload.extensions)}, not {name}"
            )


def _all_types() -> list[str]:
    uploads = api_description.uploads().values()
    return [type_ for upload in uploads for type_ in upload.types]


def upload_types() -> str:
    """Return the lines of a help that list the types of all providers."""
    lines = [
        f"  {provider}: {', '.join(upload.types)} ({listed(upload.extensions)})"
        for provider, upload in api_description.uploads().items()
    ]
    return "\n".join(["types by provider:", *lines])
