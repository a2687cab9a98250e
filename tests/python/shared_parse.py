"""One parse of the dbt project for all homes of a test session.

dbt throws a parse away when the connection has changed, and the path of the warehouse is part of
that, so every new or copied home would parse the whole project again: 16 of the 85 seconds that a
small company takes. Nothing in the project reads the path while it is parsed, so a home is given
the parse of another one, under the hash of its own connection.

This takes no check away: dbt still compares every file of the project with the parse that it finds,
and where the hash below is not the one that dbt makes, it parses again.
"""

from __future__ import annotations

import os
from pathlib import Path
from pprint import pformat

import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.artifacts.resources import FileHash
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from orchestration.home import PROJECT_DIR

PARSE = "partial_parse.msgpack"
_NAMES = (PARSE, "manifest.json", "manifest.fingerprint")
_kept: dict[str, bytes] = {}
"""Content by name, of the home whose parse was kept, and its hash under the name `hash`."""


def connection_hash(home: Path) -> bytes:
    """What dbt keeps of the connection (`ManifestLoader.build_manifest_state_check`)."""
    set_invocation_context({**os.environ, "TIEOUT_HOME": str(home)})
    profiles = yaml.safe_load((PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8"))
    output = ProfileRenderer({}).render_data(profiles["tieout"]["outputs"]["duckdb"])
    connection = sorted(DuckDBCredentials.from_dict(output).connection_info())
    return FileHash.from_contents(pformat(connection)).checksum.encode()


def keep(home: Path) -> None:
    """Keep the parse of a home, where it is the first one of this session."""
    target = home / "target"
    if not _kept and all((target / name).exists() for name in _NAMES):
        _kept.update({name: (target / name).read_bytes() for name in _NAMES})
        _kept["hash"] = connection_hash(home)


def lend(home: Path, target: Path | None = None) -> None:
    """Give a home the parse that was kept, unless it has one of its own connection already."""
    target = target or home / "target"
    wanted = connection_hash(home) if _kept else b""
    if not _kept or ((target / PARSE).exists() and wanted in (target / PARSE).read_bytes()):
        return
    target.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        (target / name).write_bytes(_kept[name].replace(_kept["hash"], wanted))
