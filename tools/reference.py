"""Writes the reference pages that can be read off the code: commands, settings, metrics, error codes, HTTP.

``python -m tools.reference`` writes them, ``--check`` only compares: a page that is not what the code says
fails `make docs` and a house test, so the documentation of an option cannot be forgotten or grow old.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from civicam import cli
from civicam.config import Settings
from civicam.kernel.messages import MESSAGES
from civicam.web.app import api

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
_HEAD = "<!-- Written by `python -m tools.reference` from the code; edit the code. -->\n\n"


def commands() -> str:
    """`civicam` and its sub-commands with every argument and option."""
    parts = ["# Commands", "", "`civicam COMMAND --help` prints the same."]
    for name, entry in cli.COMMANDS.items():
        if not entry.hidden:
            command = typer.main.get_command(cli._load(entry))
            parts += list(_command(f"civicam {name}", command))
    return "\n".join(parts) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    """One command and what is below it."""
    yield from ("", f"## {name}", "", inspect.cleandoc(command.help or ""), "")
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    rows = [_parameter(parameter) for parameter in shown]
    if rows:
        yield from ("| | default | |", "| --- | --- | --- |", *rows)
    for below, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from _command(f"{name} {below}", child)


def _parameter(parameter: Any) -> str:
    """A table row: how it is written, its default, its meaning."""
    if parameter.param_type_name == "argument":
        shown = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        shown = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    told = (
        ""
        if default in (None, False, "", ()) or callable(default)
        else f"`{getattr(default, 'value', default)}`"
    )
    if parameter.required:
        told = "needed"
    return f"| {shown} | {told} | {getattr(parameter, 'help', '') or ''} |"


def settings() -> str:
    """The settings tree: TOML key, environment variable, default, meaning."""
    lead = """
        # Settings

        From the command line, then the environment, then the TOML file (`--config`, else `CIVICAM_CONFIG`,
        else `civicam.toml` in the data directory), then these defaults. An unknown key is an error. In the
        environment a step down is two underscores: `web.port` is `CIVICAM_WEB__PORT`.
        """
    parts = [inspect.cleandoc(lead)]
    fields = Settings.model_fields
    plain = [name for name, field in fields.items() if not _is_tree(field.default)]
    parts += ["", "## General", "", *_table(Settings, "", plain)]
    for name, field in Settings.model_fields.items():
        if name not in plain:
            parts += list(_section(f"{name}", type(field.default)))
    return "\n".join(parts) + "\n"


def _section(path: str, model: type[BaseModel]) -> Iterator[str]:
    """One table of settings, then the tables inside it."""
    inner = [name for name, field in model.model_fields.items() if _is_tree(field.default)]
    yield from ("", f"## {path}", "", inspect.cleandoc(model.__doc__ or ""), "")
    yield from _table(model, f"{path}.", [name for name in model.model_fields if name not in inner])
    for name in inner:
        yield from _section(f"{path}.{name}", type(model.model_fields[name].default))


def _table(model: type[BaseModel], prefix: str, names: list[str]) -> Iterator[str]:
    meanings = _meanings(model)
    yield from ("| key | default | meaning |", "| --- | --- | --- |")
    for name in names:
        default = _default(model.model_fields[name].default)
        yield f"| `{prefix}{name}` | {default} | {meanings.get(name, '')} |"


def _is_tree(value: object) -> bool:
    return isinstance(value, BaseModel)


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "needed"
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return "" if plain in ("", ()) else f"`{plain}`"


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """The strings below the fields: name to text on one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        told = after.value if isinstance(after, ast.Expr) else None
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(told, ast.Constant)
            and isinstance(told.value, str)
        ):
            found[ast.unparse(field.target)] = " ".join(told.value.split())
    return found


STATES = {"devices": "Devices by state", "channels": "Channels by state"}
"""Figures whose names come from a loop in the source, by the label ``state``."""


def metrics() -> str:
    """What ``/metrics`` shows."""
    rows = {f"civicam_{name}": ("gauge", f"{meaning} (`state`)") for name, meaning in STATES.items()}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "Figure",
                "Counter",
                "Histogram",
            ):
                rows.update(_metric(node, path))
    lead = """
        # Metrics

        `/metrics` in Prometheus' text format: for this machine, and for others with `web.metrics_token`.

        | name | kind | meaning |
        | --- | --- | --- |
        """
    table = [f"| `{name}` | {kind} | {meaning} |" for name, (kind, meaning) in sorted(rows.items())]
    return "\n".join([inspect.cleandoc(lead), *table]) + "\n"


def _metric(node: ast.Call, path: Path) -> dict[str, tuple[str, str]]:
    """A figure's row. A name that is no literal must be in `STATES`."""
    constants = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    texts = [text for text in constants if isinstance(text, str)]
    literal = bool(node.args) and isinstance(node.args[0], ast.Constant)
    if getattr(node.func, "id", "") != "Figure" and not (literal and texts[0].startswith("civicam_")):
        return {}  # collections.Counter and the like
    if not literal:
        if path.name == "platform.py":
            return {}  # `STATES`
        raise SystemExit(f"{path}:{node.lineno}: a metric without a literal name")
    kind = getattr(node.func, "id", "").lower()
    if kind == "figure":
        kind = "counter" if "counter" in texts[2:] else "gauge"
    name = texts[0] if texts[0].startswith("civicam_") else f"civicam_{texts[0]}"
    return {f"{name}_total" if kind == "counter" else name: (kind, texts[1])}


def errors() -> str:
    """Every error code with its text in both languages."""
    lead = """
        # Error codes

        An error has a stable code, `room.what`. `{name}` stands for the error's data.

        | code | 中文 | English |
        | --- | --- | --- |
        """
    rows = [f"| `{code}` | {_cell(zh)} | {_cell(en)} |" for code, (zh, en) in sorted(MESSAGES.items())]
    return "\n".join([inspect.cleandoc(lead), *rows]) + "\n"


def http_api() -> str:
    """Every route with its parameters, body and answer, from what ``/api/openapi.json`` says."""
    document = api().openapi()
    lead = """
        # HTTP API

        What the console asks, and what anybody with a session may. The whole description is OpenAPI:
        `GET /api/openapi.json`. Times are ISO 8601 with a zone; a wrong request is answered with an
        [error code](errors.md) in both languages. Every route but the two that make a session needs the
        session's cookie; what is not `GET` must come from the console's own origin.
        """
    parts = [inspect.cleandoc(lead)]
    for tag, rows in sorted(_routes(document).items()):
        parts += ["", f"## {tag}", "", "| | | takes | answers |", "| --- | --- | --- | --- |", *rows]
    parts += ["", "## Bodies and answers", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        if "ValidationError" not in name:
            parts += list(_schema(name, schema))
    return "\n".join(parts).rstrip() + "\n"


def _routes(document: dict[str, Any]) -> dict[str, list[str]]:
    """Table rows by subject."""
    found: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            takes = [f"`{each['name']}`" for each in route.get("parameters", []) if each["in"] == "query"]
            body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
            takes += [_type(body["schema"])] if body else []
            code, answer = next(iter(sorted(route["responses"].items())))
            content = answer.get("content", {}).get("application/json", {}).get("schema")
            told = _type(content) if content else code
            meaning = _cell(" ".join(route.get("description", "").split()))
            row = f"| `{method.upper()} {path}` | {meaning} | {', '.join(takes)} | {told} |"
            found.setdefault((route.get("tags") or ["other"])[0], []).append(row)
    return found


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """One body or answer: its fields and their types."""
    yield from (f"### {name}", "", _cell(" ".join(schema.get("description", "").split())), "")
    if "enum" in schema:
        yield from (" · ".join(f"`{each}`" for each in schema["enum"]), "")
    needed = set(schema.get("required", ()))
    for field, kind in schema.get("properties", {}).items():
        yield f"- `{field}`{'' if field in needed else '?'}: {_type(kind)}"
    yield ""


def _type(schema: dict[str, Any]) -> str:
    """A type in a word or two."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return " · ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type", "anything"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def pages() -> dict[Path, str]:
    """Each generated page's path and text."""
    made = {
        "commands.md": commands(),
        "settings.md": settings(),
        "metrics.md": metrics(),
        "errors.md": errors(),
        "http-api.md": http_api(),
    }
    return {PAGES / name: _HEAD + text for name, text in made.items()}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that are not what the code says."""
    made = pages()
    old = [path for path, text in made.items() if not path.is_file() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path in old:
            print(
                f"{path.relative_to(ROOT)} is not what the code says: run `python -m tools.reference`",
                file=sys.stderr,
            )
        return 1 if old else 0
    for path in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
