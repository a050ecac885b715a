"""What the documentation claims is true: commands, options, settings, links, pages written from code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from civicam import cli
from civicam.config import Settings
from civicam.kernel.messages import MESSAGES
from tools import reference

HOUSE = Path(__file__).resolve().parents[2]
TEXTS = sorted([*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")])
GENERATED = {"commands.md", "settings.md", "metrics.md", "errors.md"}


def tree() -> dict[str, set[str]]:
    """Every command's full name with its options: ``user link`` → {``--data``, …}."""
    found: dict[str, set[str]] = {}

    def add(name: str, command: object) -> None:
        options = {opt for parameter in getattr(command, "params", ()) for opt in parameter.opts}
        found[name] = {*options, "--help"}
        for below, child in getattr(command, "commands", {}).items():
            add(f"{name} {below}", child)

    for name, entry in cli.COMMANDS.items():
        add(name, typer.main.get_command(cli._load(entry)))
    return found


def calls(text: str) -> list[tuple[str, list[str]]]:
    """(words after ``civicam``, options) of each call in a code span or block."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    found = []
    for span in code:
        for line in span.strip("`").splitlines():
            for call in re.finditer(r"(?:^|(?<!-u)[\s/])civicam ([a-z][^`#|]*)", line):
                words = call.group(1).split()
                found.append(
                    (" ".join(words), [word.split("=")[0] for word in words if word.startswith("--")])
                )
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(HOUSE)))
def test_commands_and_options_in_texts_exist(path: Path) -> None:
    """A reader types what stands there."""
    known = tree()
    wrong = []
    for words, options in calls(path.read_text(encoding="utf-8")):
        name = max((name for name in known if f"{words} ".startswith(f"{name} ")), key=len, default="")
        if not name:
            wrong.append(f"civicam {words}")
            continue
        of_group = known[name.split()[0]]
        wrong += [f"civicam {name} {option}" for option in options if option not in known[name] | of_group]
    assert wrong == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(HOUSE)))
def test_settings_in_texts_exist(path: Path) -> None:
    """``CIVICAM_WEB__PORT`` and ``web.port`` name settings that are there."""
    text = path.read_text(encoding="utf-8")
    named = [found.lower().split("__") for found in re.findall(r"CIVICAM_([A-Z]+(?:_?_[A-Z]+)*)", text)]
    rooms = "|".join(
        name for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel)
    )
    if path.name not in GENERATED:
        named += [found.split(".") for found in re.findall(rf"`((?:{rooms})\.[a-z_.]+)`", text)]
    missing = [
        ".".join(steps) for steps in named if steps[0] not in ("config", "url", "test_no_skips", "torture")
    ]
    assert [name for name in missing if not _is_setting(name.split(".")) and not _is_else(name)] == []


def _is_setting(steps: list[str]) -> bool:
    """Whether the path leads to a field of the settings tree."""
    model: object = Settings
    for step in steps:
        fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
        if step not in fields:
            return False
        default = fields[step].default
        model = type(default) if isinstance(default, BaseModel) else default
    return True


def _is_else(name: str) -> bool:
    """Whether the same shape means an error code or a module of ours."""
    return (
        name in MESSAGES or (HOUSE / "src" / "civicam" / name.replace(".", "/")).with_suffix(".py").is_file()
    )


def test_make_targets_in_texts_exist() -> None:
    """``make demo`` and the others."""
    targets = set(re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        found for path in TEXTS for found in re.findall(r"`make ([a-z]+)`|\$ make ([a-z]+)", path.read_text())
    }
    assert {name for pair in named for name in pair if name} <= targets


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(HOUSE)))
def test_links_between_texts_lead_somewhere(path: Path) -> None:
    """Relative links of the README and the pages; pictures too."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_pages_written_from_the_code_are_current() -> None:
    """Every option, setting, metric and error code is documented, because the page is what the code says."""
    told = subprocess.run(
        [sys.executable, "-m", "tools.reference", "--check"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def test_settings_and_metrics_say_what_they_mean() -> None:
    """A row without a meaning helps nobody: settings whose name does not say it have a text."""
    rows = re.findall(r"^\| `([a-z_.]+)` \|[^|]*\| ([^|]*)\|$", reference.settings(), re.MULTILINE)
    assert len(rows) > 40
    blank = [name for name, meaning in rows if not meaning.strip()]
    assert len(blank) <= len(rows) * 0.4


def test_both_readmes_say_the_same_commands() -> None:
    """The Chinese README is no shorter than the English one in what matters."""
    english, chinese = (
        (HOUSE / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    links = [
        set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.zh-CN.md"}
        for text in (english, chinese)
    ]
    assert links[0] == links[1]
    for told in ("make demo", "make test"):
        assert told in english
        assert told in chinese
