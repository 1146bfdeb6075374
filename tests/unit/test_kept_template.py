"""The local stack runs without the CDK, and never on a template of other settings."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from local import assembly, kept_template
from local.assembly import SynthFailed, assemble
from local.kept_template import KEPT, ROOT, changed_sources

_TEXT = KEPT.read_text("utf-8")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return another checkout, which may be changed."""
    shutil.copy(ROOT / "cdk.json", tmp_path)
    shutil.copytree(ROOT / "infra", tmp_path / "infra")
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "operations.md", tmp_path / "docs")
    monkeypatch.setattr(kept_template, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the modules that are run, as soon as they are; none is."""
    run: list[str] = []

    def note(command: list[str], **_: object) -> CompletedProcess[str]:
        run.append(command[2])
        return CompletedProcess([], 0, "", "")

    monkeypatch.setattr(subprocess, "run", note)
    return run


def edit_settings(project: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the settings of stages in a checkout."""
    file = project / "cdk.json"
    document = json.loads(file.read_text())
    edit(document["context"]["courier"])
    file.write_text(json.dumps(document))


def edit_a_construct(project: Path) -> str:
    """Change code of the stack; return what is named."""
    with (project / "infra" / "storage.py").open("a") as file:
        file.write("CHANGED = True\n")
    return "infra/storage.py"


def add_a_construct(project: Path) -> str:
    """Add code to the stack; return what is named."""
    (project / "infra" / "added.py").touch()
    return "infra/added.py"


def remove_a_construct(project: Path) -> str:
    """Remove code of the stack; return what is named."""
    (project / "infra" / "sweep_schedule.py").unlink()
    return "infra/sweep_schedule.py"


def edit_the_stage(project: Path) -> str:
    """Change a setting of the stage; return what is named."""
    edit_settings(
        project, lambda courier: courier["stages"]["local"].update(api_burst=1)
    )
    return "cdk.json"


def edit_every_stage(project: Path) -> str:
    """Change a setting of all stages; return what is named."""
    edit_settings(project, lambda courier: courier["every_stage"].update(api_burst=1))
    return "cdk.json"


def edit_what_an_alarm_says(project: Path) -> str:
    """Change what is to be done about an alarm; return what is named."""
    edit_run_book(project, "**Do:** ", "**Do:** first of all, ")
    return "docs/operations.md"


def edit_run_book(project: Path, old: str, new: str) -> None:
    """Change the first place with a text, from the first alarm on."""
    file = project / "docs" / "operations.md"
    before, alarm, after = file.read_text("utf-8").partition("### Alarm: ")
    assert old in after
    file.write_text(f"{before}{alarm}{after.replace(old, new, 1)}", "utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        edit_a_construct,
        add_a_construct,
        remove_a_construct,
        edit_the_stage,
        edit_every_stage,
        edit_what_an_alarm_says,
    ],
)
def test_another_source_is_named(copy: Path, edit: Callable[[Path], str]) -> None:
    """Whoever has edited it would wonder why nothing is different."""
    name = edit(copy)

    assert changed_sources(_TEXT) == [name]


def test_another_stage_may_be_edited(copy: Path) -> None:
    """Settings of a deployment have nothing to do with trying it out."""
    edit_settings(copy, lambda courier: courier["stages"]["dev"].update(api_burst=1))

    assert changed_sources(_TEXT) == []


def test_the_rest_of_the_run_book_may_be_edited(copy: Path) -> None:
    """It is no part of the template, and most commits change it."""
    edit_run_book(copy, "\n\n", "\n\nIt may rain.\n\n")

    assert changed_sources(_TEXT) == []


def test_the_kept_template_is_used_without_the_cdk(
    modules: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It spares a newcomer more than a gigabyte."""
    monkeypatch.setattr(assembly, "has_cdk", lambda: False)
    phases: list[str] = []

    assemble(tmp_path, lambda phase, _: phases.append(phase))

    assert modules == ["local.kept_template"]
    assert phases == ["Building the functions"]


def test_the_template_is_synthesized_with_the_cdk(
    modules: list[str], copy: Path, tmp_path: Path
) -> None:
    """Whoever develops it sees each change, in `functions` as well."""
    edit_a_construct(copy)

    assemble(tmp_path, lambda *_: None)

    assert modules == ["infra.app"]


def test_a_kept_template_of_other_settings_is_refused(
    modules: list[str], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack would run, with the settings from before, and nobody would notice."""
    monkeypatch.setattr(assembly, "has_cdk", lambda: False)
    edit_the_stage(copy)

    with pytest.raises(SynthFailed, match=r"^cdk\.json has changed .*`make develop`"):
        assemble(copy, lambda *_: None)

    assert modules == []
