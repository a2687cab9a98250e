"""A copy of the project whose rules of kept tables are watched, or made weaker, over a story.

The story is told by a process of its own, which imports what lies in the copy. dbt begins with the
parse of the checkout, and reads of the copy what was changed there; seeds, which nothing here
changes, stay those of the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tieout_process import PROJECT

from orchestration import dbt_runs
from orchestration.home import Home
from tests.python.splits import weaker_rules
from tests.python.splits.weaker_rules import Weaker

FOLDERS = ("models", "macros", "seeds", "tests/dbt", "tests/python", "orchestration")
FILES = ("dbt_project.yml", "profiles.yml", "selectors.yml", "pyproject.toml")

CHANGES_ARE_WRITTEN = (
    "{%- set is_changed = write_changes(target, stale, none if plan.is_whole else by) -%}"
)
DAY_IS_ANOTHER = "'select cast(as_of as date) is distinct from ' ~ "
WATCHED = "{%- do watch(target, sql, kept, inputs, has_changed, plan.is_whole) -%}"


@dataclass
class Told:
    """What a story showed.

    `found` is what differed from rebuilt warehouses. `stale` has for each run the weaker rules that
    would have left a stale row, by their names, and `covered` those that left none only because
    something else named the same parts. `computed` is how many rows of a table were computed and
    how many there were, where it was computed part by part. `narrowed` is in how many rows a table
    that is computed whole differs where it reads of an input those rows alone of which it says that
    they matter (`of`), and where it reads less.
    """

    found: list[str] = field(default_factory=list)
    stale: list[list[str]] = field(default_factory=list)
    covered: list[list[str]] = field(default_factory=list)
    computed: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    narrowed: dict[str, int] = field(default_factory=dict)


def copied(folder: Path) -> Path:
    """The project below `folder`."""
    project = folder / "project"
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, project / name)
    for name in FILES:
        shutil.copy(PROJECT / name, project / name)
    return project


def watch(project: Path) -> None:
    """Let each run of the copy tell which weaker rules it would have shown to be wrong."""
    keep = project / "macros" / "kept" / "keep.sql"
    text = keep.read_text(encoding="utf-8")
    assert text.count(CHANGES_ARE_WRITTEN) == 1, f"{keep.name} writes changes in another way"
    keep.write_text(
        text.replace(CHANGES_ARE_WRITTEN, CHANGES_ARE_WRITTEN + WATCHED), encoding="utf-8"
    )
    rules: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for weaker in weaker_rules.all_weaker(project):
        rules[weaker.model].append({"taken": weaker.taken, **weaker.says})
    macros = Path(__file__).with_name("watch.sql").read_text(encoding="utf-8")
    told = (
        f"\n\n{{% macro weaker_rules() %}}{{% do return({json.dumps(rules)}) %}}{{% endmacro %}}\n"
    )
    (keep.parent / "watch.sql").write_text(macros + told, encoding="utf-8")


def weaken(project: Path, weaker: Weaker) -> None:
    """Let the copy have the weaker rule."""
    [path] = (project / "models").rglob(f"{weaker.model}.yml")
    described = weaker_rules.read_yaml(path)
    [model] = [model for model in described["models"] if model["name"] == weaker.model]
    rule = model["config"]["meta"]["kept"]
    model["config"]["meta"]["kept"] = weaker.of(rule)
    path.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")


def weaken_whole(project: Path, model: str) -> None:
    """Let a model that is computed whole believe that no change matters of which it says whose."""
    [path] = (project / "models").rglob(f"{model}.yml")
    described = weaker_rules.read_yaml(path)
    [found] = [found for found in described["models"] if found["name"] == model]
    matters = found["config"]["meta"]["kept"]["of"]
    found["config"]["meta"]["kept"]["of"] = dict.fromkeys(matters, "false")
    path.write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")


def stop_the_clock(project: Path) -> None:
    """Let models that ask for the day alone believe that it is still the last run's."""
    keep = project / "macros" / "kept" / "keep.sql"
    text = keep.read_text(encoding="utf-8")
    assert text.count(DAY_IS_ANOTHER) == 1, f"{keep.name} asks for the day in another way"
    keep.write_text(text.replace(DAY_IS_ANOTHER, "'select false and ' ~ "), encoding="utf-8")


def tell(
    project: Path,
    folder: Path,
    batches: Sequence[Sequence[str]],
    *,
    seed: int,
    runs_of_files: int = 3,
    hours_apart: int = 24,
    is_watched: bool = False,
    is_compared: bool = False,
) -> Told:
    """A story in the copy: runs over a company's files, then one after each batch of events, by
    name."""
    request = {
        "folder": str(folder),
        "parsed": str(dbt_runs.ensure_parse(Home(folder / "parsing"))),
        "batches": batches,
        "seed": seed,
        "runs_of_files": runs_of_files,
        "hours_apart": hours_apart,
        "is_watched": is_watched,
        "is_compared": is_compared,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.python.splits.told_story"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{project}:{project / 'tests' / 'python'}"},
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Told(**json.loads(done.stdout.splitlines()[-1]))
