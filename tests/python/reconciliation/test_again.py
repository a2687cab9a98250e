"""The same facts decide the same, however often they are asked: whole companies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tieout_process import AS_OF, PROJECT, Tieout

from orchestration.home import Home
from tests.python.reconciliation.again import run_again
from tests.python.reconciliation.conftest import Company

EVALUATION = PROJECT.parent / "shared" / "evaluation"


def test_a_small_company_again(reconciled: Tieout, tmp_path: Path) -> None:
    run_again(Company(reconciled), tmp_path, AS_OF)


@pytest.mark.thorough
def test_the_demo_company_again(demo: Company, tmp_path: Path) -> None:
    run_again(demo, tmp_path, AS_OF)


@pytest.mark.thorough
@pytest.mark.parametrize("world", ["world_a", "world_b"])
def test_another_generators_company_again(world: str, tmp_path: Path) -> None:
    """The files of all waves at once; a name that two waves use is two files."""
    folder = EVALUATION / world
    if not folder.is_dir():
        pytest.skip(f"the company {world} (../shared/evaluation) is not here")
    home = Home(tmp_path / "home").create()
    for source in sorted(folder.glob("**/landing")):
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            place = home.landing / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place.with_name(f"{source.parent.name}_{file.name}"))
    as_of = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["as_of"]
    company = Company(Tieout(home, as_of=as_of))
    company.tieout.succeed("run")
    run_again(company, tmp_path, as_of)
