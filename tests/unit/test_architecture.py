"""Architecture: the rules of the layout, held by reading the code."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "functions").rglob("*.py")
    if path.name != "__init__.py"
)
#: Outermost first; imports go to the right.
LAYERS = ("steps", "api", "aws", "providers", "core")
#: Modules over the limit, and the lines that they may grow to at the most.
LONGER = {
    "functions/aws/job_store.py": 310,  # one table, one module
    "functions/core/errors.py": 280,  # one tree: split, it could not be read whole
}
#: Where each provider's settings are declared, once for infra and the functions.
SETTINGS_OF_PROVIDERS = "functions/core/provider_settings.py"
each_module = pytest.mark.parametrize("module", MODULES)


def layer(module: str) -> str:
    """Name the layer of a module's path."""
    folder = Path(module).parts[1]
    return folder if folder in LAYERS else "steps"


def tree(module: str) -> ast.Module:
    """Parse a module."""
    return ast.parse((ROOT / module).read_text("utf-8"))


def imported(module: str) -> set[str]:
    """Give the dotted names that a module imports, those within functions too."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@each_module
def test_imports_point_inward(module: str) -> None:
    """Decisions stay testable while what is around them changes."""
    inward = LAYERS[LAYERS.index(layer(module)) :]

    for name in imported(module):
        first, _, rest = name.partition(".")
        assert first not in ("infra", "local", "tests")
        if first == "functions":
            assert layer(f"functions/{rest.replace('.', '/')}") in inward


@pytest.mark.parametrize("module", [m for m in MODULES if layer(m) == "core"])
def test_core_needs_only_the_standard_library(module: str) -> None:
    """A decision that needs a library is not a decision."""
    for name in imported(module):
        assert name.split(".")[0] in {"functions", *sys.stdlib_module_names}


@each_module
def test_one_door_leads_to_the_network(module: str) -> None:
    """Bounds on time, size and addresses hold only where nothing goes around them."""
    doors = (
        "functions/providers/transport/http.py",
        "functions/providers/transport/connection.py",
    )

    if module not in doors:
        # Names of errors open nothing.
        names = {n for n in imported(module) if "urllib3.exceptions." not in n}
        assert not {name.split(".")[0] for name in names} & {"requests", "urllib3"}


@each_module
def test_one_module_reads_the_environment(module: str) -> None:
    """Settings that are read anywhere are missing anywhere."""
    used = {n.attr for n in ast.walk(tree(module)) if isinstance(n, ast.Attribute)}
    used |= {name.rpartition(".")[2] for name in imported(module)}

    if module != "functions/aws/settings.py":
        assert not used & {"environ", "environb", "getenv", "getenvb", "putenv"}


@each_module
def test_steps_and_core_know_no_provider(module: str) -> None:
    """A new provider is an adapter, not a change to every step."""
    if layer(module) not in ("steps", "core") or module == SETTINGS_OF_PROVIDERS:
        return
    parsed = tree(module)
    for node in ast.walk(parsed):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            body[0] = ast.Pass()  # a docstring, or something without effect

    named = re.findall("ipqs|txncheck", ast.unparse(parsed).lower())
    assert named == []


@each_module
def test_a_module_opens_with_one_sentence(module: str) -> None:
    """A module that needs two sentences is two modules."""
    first = (ast.get_docstring(tree(module)) or "").split("\n\n")[0]

    assert re.fullmatch(r"[A-Z][^\n]*\.", first)
    assert not re.search(r"\.\s+[A-Z]", first)


@each_module
def test_a_module_is_short(module: str) -> None:
    """What is longer is read by nobody."""
    lines = len((ROOT / module).read_text("utf-8").splitlines())

    assert lines <= LONGER.get(module, 250)


def test_package_files_are_empty() -> None:
    """Sharing a package must not cost a cold start anything."""
    packages = list((ROOT / "functions").rglob("__init__.py"))

    assert packages
    assert not any(path.read_bytes() for path in packages)
