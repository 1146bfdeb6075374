"""Architecture: the code follows the rules of its layout."""

import ast
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The top-level packages, and the folder from which each is imported.
ROOMS = {
    "functions": ROOT,
    "infra": ROOT,
    "local": ROOT,
    "tools": ROOT,
    "benchmarks": ROOT,
    "verdict_courier": ROOT / "client",
}
#: What each part may import of the project besides itself. `functions` stands for the
#: steps, which are the modules directly in that folder.
ARROWS: dict[str, tuple[str, ...]] = {
    "functions": (
        "functions.aws",
        "functions.providers",
        "functions.joining",
        "functions.tables",
        "functions.core",
    ),
    "functions.api": (
        "functions.aws",
        "functions.providers",
        "functions.tables",
        "functions.core",
    ),
    "functions.aws": ("functions.providers", "functions.core"),
    "functions.providers": ("functions.tables", "functions.core"),
    "functions.joining": ("functions.tables", "functions.core"),
    "functions.tables": ("functions.core",),
    "functions.core": (),
    "infra": (
        "functions.core",
        # The route table, from which API Gateway is built.
        "functions.api.routes",
        "functions.api.request_schemas",
        "functions.api.problems",
        "functions.api.json_schema",
    ),
    "local": ("functions", "infra"),
    "verdict_courier": (),
    "benchmarks": ("functions", "infra", "local"),
    "tools": ("functions", "infra", "local", "benchmarks", "verdict_courier"),
}
#: Modules that may be longer than the limit, and the most lines of each.
LONGER = {
    "functions/aws/job_store.py": 440,  # one table, one module
    "functions/aws/results.py": 290,  # one bucket, read and written
    "functions/api/routes.py": 315,  # one table, to be read as a whole
    "functions/core/job_record.py": 300,  # one record, to be read as a whole
    "infra/dashboard.py": 280,  # one page
    "functions/core/provider_settings.py": 300,  # a class for each provider
    "functions/core/model.py": 395,  # one state, to be read as a whole
    "functions/core/errors.py": 390,  # one tree, to be read as a whole
}
#: The module that declares the settings of all providers.
SETTINGS_OF_PROVIDERS = "functions/core/provider_settings.py"


def modules(room: str) -> list[str]:
    """Return the paths of a top-level package's modules, without `__init__.py`."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in (ROOMS[room] / room).rglob("*.py")
        if path.name != "__init__.py"
    )


ALL = [module for room in ROOMS for module in modules(room)]
FUNCTIONS = modules("functions")
each_module = pytest.mark.parametrize("module", FUNCTIONS)


def dotted(module: str) -> str:
    """Return the dotted name of a module's path."""
    return module.removeprefix("client/").removesuffix(".py").replace("/", ".")


def part_of(name: str) -> str:
    """Return the part to which a dotted name belongs; "" if it is not the project's."""
    parts = sorted(ARROWS, key=len, reverse=True)
    return next((p for p in parts if name == p or name.startswith(f"{p}.")), "")


@cache
def tree(module: str) -> ast.Module:
    """Parse a module, once for all tests, which leave the tree as it is."""
    return ast.parse((ROOT / module).read_text("utf-8"))


@cache
def imported(module: str) -> frozenset[str]:
    """Return the dotted names that a module imports, in its functions as well."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def foreign_imports(module: str) -> Iterator[str]:
    """Yield the names of the project that a module must not import but does."""
    part = part_of(dotted(module))
    for name in imported(module):
        target = part_of(name)
        if name == "tests" or name.startswith("tests."):
            yield name
        if not target or target == part:
            continue
        if not any(name == a or name.startswith(f"{a}.") for a in ARROWS[part]):
            yield name


@pytest.mark.parametrize("module", ALL)
def test_imports_point_inward(module: str) -> None:
    """A part can be changed, tested and installed without what is around it."""
    assert sorted(foreign_imports(module)) == []


def test_no_modules_import_each_other() -> None:
    """Modules in a circle can only be understood and tested together."""
    names = {dotted(module): module for module in ALL}
    graph = {
        name: {
            target
            for imported_name in imported(module)
            for target in (imported_name, imported_name.rpartition(".")[0])
            if target in names and target != name
        }
        for name, module in names.items()
    }
    while leaves := {name for name, targets in graph.items() if not targets}:
        graph = {
            name: targets - leaves
            for name, targets in graph.items()
            if name not in leaves
        }

    assert sorted(graph) == []


@pytest.mark.parametrize("module", modules("infra"))
def test_a_synth_needs_no_boto3(module: str) -> None:
    """A template must depend on the code and cdk.json only."""
    roots = {name.partition(".")[0] for name in imported(module)}

    assert not roots & {"boto3", "botocore", "requests"}


@pytest.mark.parametrize(
    "module", [m for m in FUNCTIONS if re.search("/core/|/tables/", m)]
)
def test_decisions_need_only_the_standard_library(module: str) -> None:
    """They stay quick to test, and usable by infra and by every function."""
    for name in imported(module):
        assert name.split(".")[0] in {"functions", *sys.stdlib_module_names}


@each_module
def test_only_transport_uses_http_libraries(module: str) -> None:
    """Limits on time, size and addresses must hold for every call to a provider."""
    if not module.startswith("functions/providers/transport/"):
        # Importing an error class opens no connection.
        names = {n for n in imported(module) if "urllib3.exceptions." not in n}
        assert not {name.split(".")[0] for name in names} & {"requests", "urllib3"}


@each_module
def test_one_module_reads_the_environment(module: str) -> None:
    """All missing settings can then be reported at once."""
    used = {n.attr for n in ast.walk(tree(module)) if isinstance(n, ast.Attribute)}
    used |= {name.rpartition(".")[2] for name in imported(module)}

    if module != "functions/aws/settings.py":
        assert not used & {"environ", "environb", "getenv", "getenvb", "putenv"}


@pytest.mark.parametrize(
    "module",
    [
        module
        for module in FUNCTIONS
        if not module.startswith("functions/providers/")
        and module != SETTINGS_OF_PROVIDERS
    ],
)
def test_only_adapters_know_a_provider(module: str) -> None:
    """A new provider must not need a change to the steps."""
    parsed = deepcopy(tree(module))
    for node in ast.walk(parsed):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            body[0] = ast.Pass()  # in place of the docstring

    assert re.findall("ipqs|txncheck", ast.unparse(parsed).lower()) == []


@pytest.mark.parametrize("module", ALL)
def test_a_module_opens_with_one_sentence(module: str) -> None:
    """A module with a single subject can be described in one sentence."""
    first = (ast.get_docstring(tree(module)) or "").split("\n\n")[0]

    assert re.fullmatch(r"[A-Z][^\n]*\.", first)
    assert not re.search(r"\.\s+[A-Z]", first)


@pytest.mark.parametrize("module", ALL)
def test_a_module_is_short(module: str) -> None:
    """A reader should be able to keep a whole module in mind."""
    lines = len((ROOT / module).read_text("utf-8").splitlines())

    assert lines <= LONGER.get(module, 250)


def test_package_files_are_empty() -> None:
    """Importing one module of a package must not load others at a cold start."""
    packages = list((ROOT / "functions").rglob("__init__.py"))

    assert packages
    assert not any(path.read_bytes() for path in packages)
