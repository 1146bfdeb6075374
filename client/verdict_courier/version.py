"""Find the version of the client, which `pyproject.toml` declares."""

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    """Return the installed version, or that of the clone with this file."""
    try:
        return metadata.version("verdict-courier")
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        declared: str = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
        return declared
