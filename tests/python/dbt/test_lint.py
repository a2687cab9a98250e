"""`.ci/sqlfluff/lint.py` works less than sqlfluff, and says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
WRONG = """with paid as (
    select invoice_id,sum(amount) as  amount from {{ ref('int_items') }} group by invoice_id
 )

, Late AS (
      select * from paid where amount=0 and a_name_that_is_long_enough is not null and another_one is null
)

, joined as (
    select distinct(i.invoice_id), count(1) as many, case when a > 1 then 1 else null end as b
    from {{ ref('int_items') }} i
    inner join {{ ref('int_matches') }} as m on m.id = i.id
    left join (select u.id from {{ ref('int_units') }} as u, {{ ref('int_lines') }} as u) as s
        on i.id = s.id
    where i.id in (select v.id from {{ ref('int_votes') }} as v, w as unused where v.x != y.x and z <> 1)
    group by 1, many
)

select invoice_id , amount
    from Late
    union select * from joined
"""  # noqa: E501


def test_what_sqlfluff_finds_is_found(tmp_path: Path) -> None:
    for name in ("one.sql", "other.sql"):
        (tmp_path / name).write_text(WRONG, encoding="utf-8")
    ours = [sys.executable, str(ROOT / ".ci/sqlfluff/lint.py")]
    theirs = [sys.executable, "-m", "sqlfluff", "lint", "--disable-progress-bar"]
    said = [
        subprocess.run(
            [*command, "--config", str(ROOT / ".sqlfluff"), str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # a file that breaks a rule prints its parts
            capture_output=True,
            text=True,
            check=False,
        )
        for command in (ours, theirs)
    ]
    assert said[0].stdout == said[1].stdout
    assert said[0].returncode == said[1].returncode == 1
    assert all(f"L:   {line} |" in said[0].stdout for line in (2, 5, 6, 9))
    rules = "LT01 LT02 LT05 CP01 AL01 AL04 AL05 AM01 AM06 CV01 RF01 RF02 ST01 ST08 ST09".split()
    assert [rule for rule in rules if rule not in said[0].stdout] == []
