"""Reading the two files that people write: an error names file and place, and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml

from orchestration.home import TieoutError


class ConfigurationError(TieoutError):
    """A file that says whom alerts reach cannot be used as it stands."""


@dataclass(frozen=True)
class Node:
    """A value in a file, with the way that leads to it."""

    file: Path
    path: str
    value: Any

    def refuse(self, problem: str) -> NoReturn:
        """Say what is wrong here.

        Raises:
            ConfigurationError: always.
        """
        at = f"{self.file}, {self.path}" if self.path else str(self.file)
        raise ConfigurationError(f"{at}: {problem}")

    def child(self, key: str | int) -> Node:
        """What stands below, None where nothing does."""
        name = f"{self.path}[{key}]" if isinstance(key, int) else f"{self.path}.{key}".lstrip(".")
        value = self.value[key] if isinstance(key, int) else self.value.get(key)
        return Node(self.file, name, value)

    def mapping(self, allowed: Sequence[str] | None = None, required: Sequence[str] = ()) -> Node:
        """This, once it is known to be a mapping of names, with no key but `allowed`."""
        if not isinstance(self.value, dict):
            self.refuse(f"expected names with values, found {_shown(self.value)}.")
        for key in self.value:
            if not isinstance(key, str):
                self.refuse(f"the name {key!r} is no text: write it in quotes.")
            if allowed is not None and key not in allowed:
                close = get_close_matches(key, allowed, 1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                self.refuse(f"{key!r} is not known here.{hint} Known: {', '.join(allowed)}.")
        for key in required:
            if self.value.get(key) in (None, "", [], {}):
                self.refuse(f"{key!r} is missing.")
        return self

    def entries(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping, in order."""
        for key in self.mapping().value:
            yield key, self.child(key)

    def items(self) -> Iterator[Node]:
        """The entries of a list; one value alone is a list of it."""
        if not isinstance(self.value, list):
            yield self
            return
        for number in range(len(self.value)):
            yield self.child(number)

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse(f"expected a text, found {_shown(self.value)}.")
        return self.value.strip()

    def texts(self) -> tuple[str, ...]:
        """One text or several."""
        return tuple(node.text() for node in self.items())

    def minutes(self) -> int:
        """A whole number of minutes, at least 1."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 1:
            self.refuse(f"expected minutes as a whole number from 1, found {_shown(self.value)}.")
        return self.value

    def moment(self) -> datetime:
        """A local date and time without an offset."""
        value = self.value
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value.strip())
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if not isinstance(value, datetime) or value.tzinfo is not None:
            self.refuse(
                f"expected a local moment such as 2026-12-24 09:00, found {_shown(self.value)}."
            )
        return value


def read(path: Path) -> Node | None:
    """The whole file; None where there is none.

    Raises:
        ConfigurationError: when it cannot be read, is no YAML, or names something twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    try:
        value = yaml.load(text, Loader=_Strict)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        # not the whole error: it quotes the line, which may hold a secret
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigurationError(f"{path} is no YAML: {where}{problem}.") from None
    return Node(path, "", value)


class _Strict(yaml.SafeLoader):
    """What stands twice would be lost without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key: Any = self.construct_object(key_node, deep=deep)
            if isinstance(key, str | int) and key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key!r} stands twice", problem_mark=key_node.start_mark
                )
            if isinstance(key, str | int):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    return f"{type(value).__name__} {str(value)[:40]!r}"
