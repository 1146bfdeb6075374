"""Bodies: the schemas of what requests may say, in the words of our providers."""

from collections.abc import Mapping

from functions.api.json_schema import Schema

#: What each provider takes, by its name.
Types = Mapping[str, tuple[str, ...]]
#: How the names of its files end, by its name.
Extensions = Mapping[str, tuple[str, ...]]


def upload_schema(types: Types, endings: Extensions) -> Schema:
    """Describe a file that somebody wants to upload."""
    return _one_of(
        [_upload(name, known, endings[name]) for name, known in types.items()]
    )


def job_schema(types: Types) -> Schema:
    """Describe what a job can be started for."""
    references = [_reference(name, known) for name, known in types.items()]
    return _one_of([*references, _object(types)])


def _upload(provider: str, types: tuple[str, ...], endings: tuple[str, ...]) -> Schema:
    ends = "|".join(ending.removeprefix(".") for ending in endings)
    name = {
        "type": "string",
        "pattern": rf"^[A-Za-z0-9][A-Za-z0-9 ._-]{{0,99}}\.({ends})$",
        "description": "A name of your own; "
        f"`{default_file_name(endings)}` unless told.",
    }
    members = {"provider": _word(provider), "type": _word(*types), "name": name}
    return _form(members, optional=("name",))


def default_file_name(endings: tuple[str, ...]) -> str:
    """Name a file of which only the provider is known."""
    return f"list{endings[0]}"


def _reference(provider: str, types: tuple[str, ...]) -> Schema:
    reference = {
        "type": "string",
        "pattern": "^[A-Za-z0-9._-]{1,128}$",
        "description": "The provider's id of the job.",
    }
    return _form(
        {
            "provider": _word(provider),
            "type": _word(*types),
            "provider_ref": reference,
        }
    )


def _object(types: Types) -> Schema:
    prefixes = "|".join(
        f"{provider}/({'|'.join(known)})" for provider, known in types.items()
    )
    key = {
        "type": "string",
        "maxLength": 1024,
        "pattern": rf"^({prefixes})/([^\u0000-\u001f\u007f]*/)*"
        r"[^/\u0000-\u001f\u007f]+$",
        "description": "The object's key in the inbox, `<provider>/<type>/…`.",
    }
    version = {
        "type": "string",
        "pattern": "^[A-Za-z0-9._-]{1,128}$",
        "description": "S3's version id of the object.",
    }
    return _form({"key": key, "version_id": version})


def _word(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _form(members: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(members),
        "required": [name for name in members if name not in optional],
        "additionalProperties": False,
    }


def _one_of(forms: list[Schema]) -> Schema:
    return forms[0] if len(forms) == 1 else {"oneOf": forms}
