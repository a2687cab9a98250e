"""Writes each macro that holds a query, or CTEs of one, as a model that sqlfluff can lint.

Usage: macros_as_models.py MACROS FOLDER. A macro's body is written as it stands, its parameters set
to their defaults or their own names; CTEs get a `with` and a final select around them. Lines keep
their numbers, so what sqlfluff says of FOLDER/<file>/<macro>.sql holds for the macro's file. Macros
that stand for an expression are left to the models that call them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MACRO = re.compile(
    r"\{%-?\s*macro\s+(?P<name>\w+)\((?P<parameters>[^)]*)\)\s*-?%\}(?P<body>.*?)\{%-?\s*endmacro",
    re.DOTALL,
)
COMMENTS = r"(?:\s|--[^\n]*\n|\{#.*?#\}|\{%-? set [^\n]*%\})*"
QUERY = re.compile(COMMENTS + r"with\b", re.DOTALL)
CTES = re.compile(COMMENTS + r"(?:\{%-? if [^\n]*%\}\s*)?" + COMMENTS + r"\w+ as \(", re.DOTALL)
LISTS = {"key_columns": "['item_key']", "sources": "['description']", "links_models": "['links']"}
NUMBERS = {"longest": "3"}


def parameters_set(parameters: str) -> str:
    """Jinja that gives each parameter its default, or a value to read the macro with."""
    set_all = ""
    for parameter in parameters.split(","):
        name, _, default = (part.strip() for part in parameter.partition("="))
        if name:
            value = LISTS.get(name) or NUMBERS.get(name) or default or f"'{name}'"
            set_all += "{%- set " + name + " = " + value + " -%}"
    return set_all


def as_model(text: str, macro: re.Match[str]) -> str | None:
    """The macro as a model with the same line numbers; None where it is no query."""
    body = macro["body"].rstrip()
    above = "\n" * (text[: macro.start("body")].count("\n") - 1)
    head = parameters_set(macro["parameters"]) + above
    if QUERY.match(body):
        return f"{head}{body}\n"
    if CTES.match(body):
        last = re.findall(r"^(\w+) as \(", body, re.MULTILINE)[-1]
        return f"{head}with{body.rstrip(',')}\n\nselect * from {last}\n"
    return None


def main(macros: Path, folder: Path) -> None:
    """Write the models, one file a macro."""
    for file in sorted(macros.rglob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for macro in MACRO.finditer(text):
            model = as_model(text, macro)
            if model is not None:
                written = folder / file.relative_to(macros) / f"{macro['name']}.sql"
                written.parent.mkdir(parents=True, exist_ok=True)
                written.write_text(model, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
