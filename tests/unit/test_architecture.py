"""Architecture: the rules of the layout, held by reading the code."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The rooms, and where each looks for its modules.
ROOMS = {
    "functions": ROOT,
    "infra": ROOT,
    "local": ROOT,
    "tools": ROOT,
    "benchmarks": ROOT,
    "verdict_courier": ROOT / "client",
}
#: What each part may import of the project besides itself. `functions` is the steps:
#: the modules that lie in the folder itself.
ARROWS: dict[str, tuple[str, ...]] = {
    "functions": ("functions.aws", "functions.providers", "functions.core"),
    "functions.api": ("functions.aws", "functions.providers", "functions.core"),
    "functions.aws": ("functions.providers", "functions.core"),
    "functions.providers": ("functions.core",),
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
#: Modules over the limit, and the lines that they may grow to at the most.
LONGER = {
    "functions/aws/job_store.py": 310,  # one table, one module
    "functions/core/errors.py": 280,  # one tree: split, it could not be read whole
}
#: Where each provider's settings are declared, once for infra and the functions.
SETTINGS_OF_PROVIDERS = "functions/core/provider_settings.py"


def modules(room: str) -> list[str]:
    """Return the paths of a room's modules, packages' own files not among them."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in (ROOMS[room] / room).rglob("*.py")
        if path.name != "__init__.py"
    )


ALL = [module for room in ROOMS for module in modules(room)]
FUNCTIONS = modules("functions")
each_module = pytest.mark.parametrize("module", FUNCTIONS)


def dotted(module: str) -> str:
    """Return the name by which a module's path is imported."""
    return module.removeprefix("client/").removesuffix(".py").replace("/", ".")


def part_of(name: str) -> str:
    """Return the part to which a dotted name belongs; "" if it is not the project's."""
    parts = sorted(ARROWS, key=len, reverse=True)
    return next((p for p in parts if name == p or name.startswith(f"{p}.")), "")


def tree(module: str) -> ast.Module:
    """Parse a module."""
    return ast.parse((ROOT / module).read_text("utf-8"))


def imported(module: str) -> set[str]:
    """Return the dotted names that a module imports, those within functions too."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def foreign_imports(module: str) -> Iterator[str]:
    """Yield the project's names that a module imports though it may not."""
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
    """In a circle, none can be understood before the others."""
    names = {dotted(module): module for module in ALL}
    graph = {
        name: {
            target
            for found in imported(module)
            for target in (found, found.rpartition(".")[0])
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
    """A template follows from the code and cdk.json alone."""
    roots = {name.partition(".")[0] for name in imported(module)}

    assert not roots & {"boto3", "botocore", "requests"}


@pytest.mark.parametrize("module", [m for m in FUNCTIONS if "/core/" in m])
def test_core_needs_only_the_standard_library(module: str) -> None:
    """A decision that needs a library is not a decision."""
    for name in imported(module):
        assert name.split(".")[0] in {"functions", *sys.stdlib_module_names}


@each_module
def test_one_room_speaks_http(module: str) -> None:
    """Bounds on time, size and addresses hold only where nothing goes around them."""
    if not module.startswith("functions/providers/transport/"):
        # Names of errors open no connection.
        names = {n for n in imported(module) if "urllib3.exceptions." not in n}
        assert not {name.split(".")[0] for name in names} & {"requests", "urllib3"}


@each_module
def test_one_module_reads_the_environment(module: str) -> None:
    """Settings that are read anywhere are missing anywhere."""
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
    """A new provider is an adapter, not a change to every step."""
    parsed = tree(module)
    for node in ast.walk(parsed):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            body[0] = ast.Pass()  # a docstring, or something without effect

    assert re.findall("ipqs|txncheck", ast.unparse(parsed).lower()) == []


@pytest.mark.parametrize("module", ALL)
def test_a_module_opens_with_one_sentence(module: str) -> None:
    """A module that needs two sentences is two modules."""
    first = (ast.get_docstring(tree(module)) or "").split("\n\n")[0]

    assert re.fullmatch(r"[A-Z][^\n]*\.", first)
    assert not re.search(r"\.\s+[A-Z]", first)


@pytest.mark.parametrize("module", ALL)
def test_a_module_is_short(module: str) -> None:
    """What is longer is read by nobody."""
    lines = len((ROOT / module).read_text("utf-8").splitlines())

    assert lines <= LONGER.get(module, 250)


def test_package_files_are_empty() -> None:
    """Sharing a package must not cost a cold start anything."""
    packages = list((ROOT / "functions").rglob("__init__.py"))

    assert packages
    assert not any(path.read_bytes() for path in packages)
