"""The process that dbt runs in: `python -m orchestration.dbt_process`.

It loads dbt, which takes seconds, and then makes the calls that it reads from its standard input, a
line each: the arguments as a JSON list. dbt's log goes to standard output; `{"call_ended": true}`
follows each call, `false` one that failed. The end of the input ends the process, also in a call
that is under way: whoever asked for it is gone, and the next run wants the warehouse.
"""

from __future__ import annotations

import json
import os
import sys
from queue import SimpleQueue
from threading import Thread

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from orchestration.dbt_runs import CALL_ENDED


def main() -> None:
    """Make the calls that standard input asks for, one after the other."""
    calls: SimpleQueue[list[str]] = SimpleQueue()
    Thread(target=_read, args=[calls], daemon=True).start()
    while True:
        result = dbtRunner().invoke(calls.get())
        # One writing process is all that the warehouse allows, and it may be replaced now.
        DuckDBConnectionManager.close_all_connections()
        if result.exception is not None:
            print(result.exception)
        print(json.dumps({CALL_ENDED: result.success}), flush=True)


def _read(calls: SimpleQueue[list[str]]) -> None:
    for line in sys.stdin:
        calls.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
