"""Write the types of the CDK that this project uses, so that mypy reads no others.

To mypy, `import aws_cdk` means all services of AWS: 183 MB of code, 3 GB of memory.
What is written here, as stubs for `mypy_path`, is each class that the project names,
and each class that those mention, as a base or in a signature. They are the CDK's own
signatures; only the texts and the code in them are left out. Without the stubs, mypy
reads the CDK.
"""

import argparse
import ast
import hashlib
import re
import shutil
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: mypy finds the stubs here (`mypy_path` in pyproject.toml).
STUBS = ROOT / ".cache" / "types"
#: The folders whose use of the CDK counts.
USERS = ("infra", "local", "tests", "tools")
#: The packages that jsii has generated and that lead to all of the CDK.
PACKAGES = ("aws_cdk", "cdk_nag")
_KEY = "key.txt"
#: Before this line there are texts, some of them with code.
_CODE = "\nimport publication\n"
_CLASS = re.compile(
    r"^class (\w+)\b.*?(?=^(?:@|class |def |for |typing|__all__|publication)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_IMPORT = re.compile(r"^    import ([\w.]+) as (\w+)$", re.MULTILINE)
_HEADER = """\
import abc
import builtins
import datetime
import enum
import typing
import jsii
import typing_extensions
"""

#: A class by its module and name.
Name = tuple[str, str]


@dataclass
class Module:
    """A module that jsii has generated."""

    name: str
    classes: dict[str, str]
    imports: dict[str, str]  # from the alias to the module

    @classmethod
    def read(cls, name: str, site: Path) -> "Module":
        """Read a module; one that is not there has no classes."""
        path = site.joinpath(*name.split("."), "__init__.py")
        text = path.read_text("utf-8") if path.exists() else ""
        _, _, code = text.partition(_CODE)
        classes = {found[1]: found[0] for found in _CLASS.finditer(code)}
        imports = {alias: module for module, alias in _IMPORT.findall(code)}
        return cls(name, classes, imports)


@dataclass
class Stubs:
    """The classes to write, each with what it is in a stub."""

    site: Path
    classes: dict[str, dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _modules: dict[str, Module] = field(default_factory=dict)

    def add(self, names: Sequence[Name]) -> None:
        """Add classes and all that they mention; a name that does not exist is none."""
        left = list(names)
        while left:
            module, name = left.pop()
            text = self.module(module).classes.get(name)
            if text is None or name in self.classes[module]:
                continue
            (node,) = ast.parse(text).body
            _Signatures().visit(node)
            self.classes[module][name] = ast.unparse(node)
            left += self._mentioned(node, self.module(module))

    def module(self, name: str) -> Module:
        """Return a module, which is read once."""
        if name not in self._modules:
            self._modules[name] = Module.read(name, self.site)
        return self._modules[name]

    def _mentioned(self, node: ast.AST, module: Module) -> Iterator[Name]:
        for part in ast.walk(node):
            match part:
                case ast.Constant(value=str(text)) if text.isprintable():
                    try:
                        annotation = ast.parse(text, mode="eval")
                    except SyntaxError:  # a value, such as one of an enumeration
                        continue
                    yield from self._mentioned(annotation.body, module)
                case ast.Attribute(value=ast.Name(id=alias), attr=name):
                    if alias in module.imports:
                        yield module.imports[alias], name
                case ast.Name(id=name):
                    yield module.name, name

    def write(self, folder: Path) -> None:
        """Write a stub for each module."""
        for name, classes in self.classes.items():
            imports = self.module(name).imports.items()
            text = "\n".join(
                [
                    _HEADER,
                    *(f"import {module} as {alias}" for alias, module in imports),
                    *(classes[name] for name in sorted(classes)),
                ]
            )
            path = folder.joinpath(*name.split("."))
            path.mkdir(parents=True, exist_ok=True)
            (path / "__init__.pyi").write_text(text + "\n", "utf-8")
        for package in [path for path in folder.rglob("*") if path.is_dir()]:
            (package / "__init__.pyi").touch()


class _Signatures(ast.NodeTransformer):
    """Leaves nothing of a class but its signatures."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [ast.Expr(ast.Constant(...))]
        node.decorator_list = [
            made for made in node.decorator_list if not isinstance(made, ast.Call)
        ]
        some = ast.Constant(...)
        node.args.defaults = [some for _ in node.args.defaults]
        node.args.kw_defaults = [value and some for value in node.args.kw_defaults]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.decorator_list = [
            made for made in node.decorator_list if not isinstance(made, ast.Call)
        ]
        node.body = node.body or [ast.Pass()]
        return node

    def visit_Expr(self, _node: ast.Expr) -> None:
        """Drop a text."""


def names_used(code: str, site: Path) -> Iterator[Name]:
    """Yield the classes of the CDK that some code names."""
    if not any(package in code for package in PACKAGES):
        return
    tree = ast.parse(code)
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] not in PACKAGES:
                continue
            for imported in node.names:
                inner = f"{node.module}.{imported.name}"
                if site.joinpath(*inner.split(".")).is_dir():
                    modules[imported.asname or imported.name] = inner
                else:
                    yield node.module, imported.name
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=alias), attr=name):
                if alias in modules:
                    yield modules[alias], name


def write(root: Path, folder: Path, site: Path) -> bool:
    """Write the stubs, unless they are there; return whether they were written."""
    used = {
        name
        for user in USERS
        for path in sorted((root / user).rglob("*.py"))
        for name in names_used(path.read_text("utf-8"), site)
    }
    versions = [metadata.version(package) for package in ("aws-cdk-lib", "cdk-nag")]
    parts = [Path(__file__).read_text("utf-8"), repr(sorted(used)), *versions]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    note = folder / _KEY
    if note.exists() and note.read_text() == key:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    stubs = Stubs(site)
    stubs.add(sorted(used))
    stubs.write(folder)
    note.write_text(key)
    return True


def main() -> int:
    """Write the stubs for mypy."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    write(ROOT, STUBS, Path(sysconfig.get_path("purelib")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
