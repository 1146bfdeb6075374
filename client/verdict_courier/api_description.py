"""Read facts about the API from the OpenAPI document that the package contains."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

#: A link to docs/openapi.json in the repository, a copy in an installed package.
_DOCUMENT = Path(__file__).with_name("openapi.json")

#: The outcomes of jobs that have results.
WITH_RESULTS = ("succeeded", "partial")


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    parsed: dict[str, Any] = json.loads(_DOCUMENT.read_text("utf-8"))
    return parsed


def outcomes() -> set[str]:
    """Return every outcome that a job can have."""
    outcome = document()["components"]["schemas"]["Job"]["properties"]["outcome"]
    return set(outcome["enum"]) - {None}


def upload_extensions() -> list[str]:
    """Return the file name extensions that some provider takes, such as `.csv`."""
    upload = document()["paths"]["/uploads"]["post"]["requestBody"]
    by_provider = upload["content"]["application/json"]["schema"]["oneOf"]
    # A name's pattern ends in its extensions: `\.(csv|json)$`.
    extensions = "|".join(
        re.findall(r"\\\.\(([^()]+)\)\$$", schema["properties"]["name"]["pattern"])[0]
        for schema in by_provider
    )
    return sorted({f".{extension}" for extension in extensions.split("|")})
