"""dbt as a process that stays: the project is parsed once, then any number of tests are run.

Reads one JSON object a line, `{"home": path, "select": [test names]}`, and answers with one line:
`{"results": {name: {"status": text, "failures": int | null, "message": text}}}` or
`{"error": text}`. It is a process of its own because dbt keeps its DuckDB handle and its logging
for as long as it lives.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from orchestration.dbt_process import load
from orchestration.dbt_runs import ensure_parse
from orchestration.home import Home


def run(runner: dbtRunner, home: str, select: list[str]) -> dict[str, Any]:
    """Run the named data tests against the warehouse of `home`."""
    os.environ["TIEOUT_HOME"] = home
    try:
        # what dbt writes after each call costs as long as the test itself
        done = runner.invoke(["--quiet", "--no-write-json", "test", "--select", *select])
    finally:
        DuckDBConnectionManager.close_all_connections()
    if not isinstance(done.result, RunExecutionResult):
        return {"error": str(done.exception)}
    return {
        "results": {
            result.node.name: {
                "status": str(result.status),
                "failures": result.failures,
                "message": result.message,
            }
            for result in done.result.results
            if result.node.resource_type == "test"
        }
    }


def main() -> None:
    answers = sys.stdout
    with redirect_stdout(sys.stderr):
        runner = dbtRunner(manifest=load(ensure_parse(Home.from_environment())))
        for line in sys.stdin:
            request = json.loads(line)
            answer = run(runner, request["home"], request["select"])
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
