"""Values of `${NAME}` in `alerts.yml`: the environment, else `[alerts]` in the secrets file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from orchestration.home import Home, TieoutError

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

SECTION = "alerts"


def secrets_file(home: Home, environment: Mapping[str, str] | None = None) -> Path:
    """`$TIEOUT_SECRETS_FILE`, else `secrets.toml` of the home, which configures logins, too."""
    named = (os.environ if environment is None else environment).get("TIEOUT_SECRETS_FILE", "")
    return Path(named.strip()).expanduser() if named.strip() else home.root / "secrets.toml"


def filled(text: str, home: Home, where: str) -> str:
    """`text` with each `${NAME}` replaced by its value.

    Raises:
        TieoutError: when a name has no value. The message tells the name, never a value.
    """
    if not PLACEHOLDER.search(text):
        return text
    kept = _kept(home)

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = os.environ.get(name, "").strip() or str(kept.get(name, "")).strip()
        if not found:
            raise TieoutError(
                f"{where} names ${{{name}}}, which has no value. Set the environment variable "
                f"{name}, or write it under [{SECTION}] in {secrets_file(home)}."
            )
        return found

    return PLACEHOLDER.sub(value, text)


def _kept(home: Home) -> Mapping[str, object]:
    path = secrets_file(home)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get(SECTION, {})
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise TieoutError(f"{path} cannot be read: {type(error).__name__}.") from None
    except tomllib.TOMLDecodeError as error:
        # not the line itself: it may hold a secret
        raise TieoutError(f"{path} is no TOML: line {getattr(error, 'lineno', '?')}.") from None
    return table if isinstance(table, dict) else {}
