"""Defaults that everybody shares cannot be changed: what one test or device does to them, all others get."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

import civicam

_SKIPPED = re.compile(r"civicam\.(db\.migrations|__main__)")
_AROUND = re.compile(r"object\.__(?:set|del)attr__\(\s*(?!self\b)")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(civicam.__path__, "civicam."):
        if not _SKIPPED.match(found.name):
            yield importlib.import_module(found.name)


def changeable(value: object) -> bool:
    """Whether a shared value of this kind could be changed by whoever has it."""
    if isinstance(value, type):
        return False
    if isinstance(value, BaseModel):
        return not value.model_config.get("frozen")
    if dataclasses.is_dataclass(value):
        kind: Any = type(value)
        return not kind.__dataclass_params__.frozen
    return isinstance(value, list | dict | set | bytearray)


def shared(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Defaults of the fields of its classes."""
    for name, kind in vars(module).items():
        if not isinstance(kind, type) or kind.__module__ != module.__name__:
            continue
        if dataclasses.is_dataclass(kind):
            for field in dataclasses.fields(kind):
                yield f"{module.__name__}.{name}.{field.name}", field.default
        elif issubclass(kind, BaseModel):
            for label, info in kind.model_fields.items():
                if not isinstance(info.default, dict | list):  # pydantic copies these for each
                    yield f"{module.__name__}.{name}.{label}", info.default


@dataclasses.dataclass
class _Soft:
    number: int = 0


@dataclasses.dataclass(frozen=True)
class _Hard:
    number: int = 0


def test_the_difference_is_seen() -> None:
    soft: list[object] = [_Soft(), [], {}, set()]
    hard: list[object] = [_Hard(), (), 1, None, _Soft]
    assert [changeable(each) for each in (*soft, *hard)] == [True] * len(soft) + [False] * len(hard)
    assert _AROUND.search("object.__setattr__(profile, 'arm', True)")
    assert not _AROUND.search("object.__setattr__(self, 'arm', True)")


def test_the_default_of_a_field_is_frozen() -> None:
    found = [name for module in modules() for name, value in shared(module) if changeable(value)]
    assert found == []


def test_a_dataclass_that_stands_in_a_module_is_frozen() -> None:
    found = [
        f"{module.__name__}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        if dataclasses.is_dataclass(value) and not isinstance(value, type) and changeable(value)
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_nobody_writes_into_what_is_frozen(tracked: list[Path], repository: Path, folder: str) -> None:
    """``object.__setattr__`` is for a class's own ``__post_init__``."""
    found = [
        str(path.relative_to(repository))
        for path in tracked
        if path.suffix == ".py"
        and path.is_relative_to(repository / folder)
        and path != Path(__file__)
        and _AROUND.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
