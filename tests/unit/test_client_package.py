"""The client can be installed alone: it needs nothing else of the project."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from verdict_courier import api_description
from verdict_courier.cli.texts import COLOURS
from verdict_courier.version import version

from functions.core.file_formats import FILE_FORMATS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "client" / "verdict_courier"
MODULES = sorted(PACKAGE.rglob("*.py"))
#: markdown_it comes with rich, botocore with boto3.
LIBRARIES = {"boto3", "botocore", "markdown_it", "requests", "rich", "shtab"}
#: Type stubs, which are imported under TYPE_CHECKING only.
STUBS = {"mypy_boto3_logs", "mypy_boto3_sns", "mypy_boto3_sqs"}


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_module_imports_only_the_client_and_its_libraries(module: Path) -> None:
    """A user of a deployed stack has no clone, and no AWS CDK."""
    imported = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.level == 0, "a relative import"
            imported.add(node.module.split(".")[0])

    allowed = {"verdict_courier", *LIBRARIES, *STUBS, *sys.stdlib_module_names}
    assert imported <= allowed


@pytest.mark.parametrize(
    ("file", "document"),
    [("openapi.json", "openapi.json"), ("console/operations.md", "operations.md")],
)
def test_a_document_of_the_package_is_the_one_in_docs(file: str, document: str) -> None:
    """A copy would become stale; the link is replaced when the package is built."""
    assert (PACKAGE / file).samefile(ROOT / "docs" / document)


def test_the_description_has_all_extensions_and_outcomes() -> None:
    """The client knows from it which files a provider takes, and how jobs end."""
    extensions = {form.suffix for form in FILE_FORMATS}

    assert set(api_description.upload_extensions()) == extensions
    assert api_description.outcomes() == set(COLOURS)
    assert set(api_description.WITH_RESULTS) < api_description.outcomes()


def test_the_version_is_declared_once() -> None:
    """A second number would be forgotten at a release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert version() == project["version"]


def _responses() -> Iterator[tuple[str, str, set[str]]]:
    """Yield method, path and the members of the response of each operation."""
    document = api_description.document()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            (success,) = (
                response
                for status, response in operation["responses"].items()
                if status.startswith("2")
            )
            schema = success["content"]["application/json"]["schema"]["$ref"]
            described = document["components"]["schemas"][schema.rpartition("/")[2]]
            yield method.upper(), path, {*described["required"]}


@pytest.mark.parametrize(("method", "path", "members"), [*_responses()])
def test_no_response_of_the_api_is_taken_for_a_foreign_one(
    method: str, path: str, members: set[str]
) -> None:
    """A new operation needs its members here, or its command fails."""
    assert api_description.response_members(method, path) <= members
