"""Swap: put a mutant into the running interpreter, and take it out again."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tools.mutants.mutation import Mutant


class NotSwappable(Exception):
    """The mutant's function cannot be found in the running module."""


@contextmanager
def swapped(mutant: Mutant) -> Iterator[None]:
    """Run with a mutant in the place of the original.

    A function gets other code; whoever imported it by name has the mutant, too. A
    constant is replaced in its module, for the functions of that module.

    Raises:
        NotSwappable: The change does not compile, or its place is not found.
    """
    name = ".".join(mutant.path.with_suffix("").parts)
    module = importlib.import_module(name)
    try:
        compiled = compile(mutant.tree, str(mutant.path), "exec")
    except (SyntaxError, ValueError, TypeError) as error:
        raise NotSwappable(str(error)) from None
    if mutant.is_constant:
        with _swapped_constant(mutant, module, compiled):
            yield
        return
    function, wrappers = _function(module, mutant.function)
    code = _code(compiled, mutant.function)
    if len(code.co_freevars) != len(function.__code__.co_freevars):
        raise NotSwappable("the change adds or removes a variable of the outer scope")
    original = function.__code__
    function.__code__ = code
    _clear(wrappers)
    try:
        yield
    finally:
        function.__code__ = original
        _clear(wrappers)


@contextmanager
def _swapped_constant(
    mutant: Mutant, module: ModuleType, compiled: CodeType
) -> Iterator[None]:
    names: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    try:
        exec(compiled, names)  # noqa: S102 - our own source, changed in one place  # nosec B102
    except Exception as error:  # noqa: BLE001 - a mutant may fail in any way
        raise NotSwappable(type(error).__name__) from None
    original = getattr(module, mutant.function)
    setattr(module, mutant.function, names[mutant.function])
    try:
        yield
    finally:
        setattr(module, mutant.function, original)


def _function(
    module: ModuleType, qualified_name: str
) -> tuple[FunctionType, list[Any]]:
    *owners, name = qualified_name.split(".")
    found: Any = module
    for owner in owners:
        found = getattr(found, owner)
    found = vars(found)[name]
    wrappers = [found]
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        for attribute in ("__wrapped__", "__func__", "fget", "func"):
            if inner := getattr(found, attribute, None):
                found = inner
                wrappers.append(inner)
                break
        else:
            raise NotSwappable(f"{qualified_name} is no function")
    return found, wrappers


def _clear(wrappers: list[Any]) -> None:
    for wrapper in wrappers:
        if clear := getattr(wrapper, "cache_clear", None):
            clear()


def _code(compiled: CodeType, qualified_name: str) -> CodeType:
    code = compiled
    for name in qualified_name.split("."):
        inner = [
            constant
            for constant in code.co_consts
            if isinstance(constant, CodeType) and constant.co_name == name
        ]
        if not inner:
            raise NotSwappable(f"{qualified_name} is not in the changed module")
        code = inner[-1]
    return code
