"""Request schemas: JSON Schemas of request bodies, built from the provider settings."""

from collections.abc import Mapping

from functions.api.json_schema import Schema, object_schema
from functions.core.provider_settings import LIST_PROVIDERS

#: The types that each provider verifies, by its name.
Types = Mapping[str, tuple[str, ...]]
#: The extensions of the files that each provider takes, by its name.
Extensions = Mapping[str, tuple[str, ...]]
#: Of an object in S3, in UTF-8.
MAX_KEY_BYTES = 1024
#: Members of a request for a job that people read, and nothing depends on.
REMARKS = ("name", "label")
_MAX_NAME_CHARACTERS = 255  # as file systems allow
#: The most values of a request to forget them.
MAX_FORGOTTEN = 100
_PRINTED_VALUE = r"[^\u0000-\u001f\u007f]{1,4096}"
_PRINTED = r"[^/\u0000-\u001f\u007f]"

_PROVIDER_REF: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9._-]{1,128}$",
    "description": "The provider's id of the job.",
}
_VERSION_ID: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9._-]{1,128}$",
    "description": "The object's version id in S3.",
}
_FRESH: Schema = {
    "type": "boolean",
    "description": "Start a new job, even if there is one: it is paid for again.",
}
_QUOTE: Schema = {
    "type": "boolean",
    "description": "Wait before anything is sent, until the job is approved. A job of "
    "an upload begins by itself: ask for it with the upload.",
}
_UNREMEMBERED: Schema = {
    "type": "boolean",
    "description": "Send values although their verdicts are remembered.",
}
#: Members that say how a list is read and sent, where the provider takes lists.
LIST_OPTIONS: Mapping[str, Schema] = {
    "column": {
        "type": "string",
        "pattern": r"^[^\u0000-\u001f\u007f]{1,200}$",
        "description": "The column of the values, by its header or its number from 1; "
        "without it, the content decides.",
    },
    "header": {
        "type": "boolean",
        "description": "Whether the first record is a header; without it, the content "
        "decides.",
    },
    "send_unfit": {
        "type": "boolean",
        "description": "Whether values that do not fit the type are sent, and paid for,"
        " all the same; without it, the setting of that name decides.",
    },
}
_NAME: Schema = {
    "type": "string",
    "pattern": f"^{_PRINTED}{{1,{_MAX_NAME_CHARACTERS}}}$",
    "description": f"The file's name: 1 to {_MAX_NAME_CHARACTERS} characters, without "
    "slashes and control characters. The first one that is given is kept.",
}
_LABEL: Schema = {
    "type": "string",
    "pattern": r"^[^\u0000-\u001f\u007f]{1,100}$",
    "description": "Your own words about the job: 1 to 100 characters, without control "
    "characters. The first ones that are given are kept.",
}


def upload_schema(types: Types, extensions: Extensions) -> Schema:
    """Return the schema of a request for an upload form."""
    alternatives = []
    for provider, names in types.items():
        file_name = _file_name(extensions[provider])
        members = {
            **_provider_and_type(provider, names),
            "name": file_name,
            "quote": _QUOTE,
        }
        if provider in LIST_PROVIDERS:
            members |= {"fresh": _UNREMEMBERED, **LIST_OPTIONS}
        optional = tuple(members.keys() - {"provider", "type"})
        alternatives.append(_closed_object(members, optional=optional))
    return _one_of(alternatives)


def job_schema(types: Types) -> Schema:
    """Return the schema of a request to start a job: by reference or by object."""
    by_reference = [
        _closed_object(
            {
                **_provider_and_type(provider, names),
                "provider_ref": _PROVIDER_REF,
                "fresh": _FRESH,
                "label": _LABEL,
            },
            optional=("fresh", "label"),
        )
        for provider, names in types.items()
    ]
    by_object = _closed_object(
        {
            "key": _object_key(types),
            "version_id": _VERSION_ID,
            "fresh": _FRESH,
            "quote": _QUOTE,
            **LIST_OPTIONS,
            "name": _NAME,
            "label": _LABEL,
        },
        optional=("fresh", "quote", *LIST_OPTIONS, *REMARKS),
    )
    return _one_of([*by_reference, by_object])


def forget_schema(types: Types) -> Schema:
    """Return the schema of a request to forget values."""
    values: Schema = {
        "type": "array",
        "items": {"type": "string", "pattern": f"^{_PRINTED_VALUE}$"},
        "minItems": 1,
        "maxItems": MAX_FORGOTTEN,
        "description": "The values, in any form that is the same value.",
    }
    return _one_of(
        [
            _closed_object({**_provider_and_type(provider, names), "values": values})
            for provider, names in types.items()
        ]
    )


def retry_schema() -> Schema:
    """Return the schema of a request to retry a job and read its list otherwise."""
    return _closed_object(LIST_OPTIONS, optional=tuple(LIST_OPTIONS))


def default_file_name(extensions: tuple[str, ...]) -> str:
    """Return the name of a file that the client did not name."""
    return f"list{extensions[0]}"


def _file_name(extensions: tuple[str, ...]) -> Schema:
    names = "|".join(
        rf"{_PRINTED}{{1,{_MAX_NAME_CHARACTERS - len(each)}}}\.{_in_any_case(each)}"
        for each in extensions
    )
    return {
        "type": "string",
        "pattern": f"^({names})$",
        "description": f"The file's name, by default `{default_file_name(extensions)}`:"
        f" up to {_MAX_NAME_CHARACTERS} characters without slashes and control "
        f"characters, which end in {' or '.join(extensions)}.",
    }


def _in_any_case(extension: str) -> str:
    """Return a pattern for an extension in small and capital letters."""
    letters = extension.removeprefix(".")
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in letters)


def _object_key(types: Types) -> Schema:
    prefixes = "|".join(
        f"{provider}/({'|'.join(names)})" for provider, names in types.items()
    )
    return {
        "type": "string",
        "maxLength": MAX_KEY_BYTES,
        # Not folder by folder: there must be one way only to read a slash.
        "pattern": rf"^({prefixes})/[^\u0000-\u001f\u007f]*"
        r"[^/\u0000-\u001f\u007f]$",
        "description": "The object's key in the inbox bucket, `<provider>/<type>/…`.",
    }


def _provider_and_type(provider: str, types: tuple[str, ...]) -> dict[str, Schema]:
    return {
        "provider": {"type": "string", "enum": [provider]},
        "type": {"type": "string", "enum": list(types)},
    }


def _closed_object(
    members: Mapping[str, Schema], *, optional: tuple[str, ...] = ()
) -> Schema:
    """Return the schema of an object that must not have other members."""
    return {**object_schema(members, optional=optional), "additionalProperties": False}


def _one_of(alternatives: list[Schema]) -> Schema:
    return alternatives[0] if len(alternatives) == 1 else {"oneOf": alternatives}
