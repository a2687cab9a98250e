"""Processes that have loaded everything when they start: a server forks them.

What the command line and dbt load, Dagster most of all, takes a fifth of the processor time of a
small company's run, and more of every shorter command. So one process a session of tests loads it
once (`main`), and forks a process for each call of `start`, also for calls of those that it has
forked: a run starts its dbt process here too (`start_dbt`).

What is equal in a fresh process is equal in a forked one:

- The server forks before anything has run, and loading leaves no thread of Python's and no open
  file behind, or it does not begin. DuckDB's default connection, which has a thread, is closed; it
  opens another where it is asked for. (OpenBLAS and allocators mend their threads at a fork.)
- The environment is that of the call and nothing else. What modules have read of it while they were
  loaded has to be the same: a call for which it is not is refused.
- What is drawn or taken from a clock while modules are loaded is made anew: random numbers (by
  Python itself), and the id of dbt's invocation. Nothing else there is, of all that modules hold.
- It ends as Python ends: uncaught exceptions, `SystemExit`, threads, `atexit`, buffers.

Not equal are the salt of hashes, which is one for all that a server has forked, warnings that
modules raise while they are loaded, which the server alone shows, and modules that a command finds
loaded without having imported them. A whole run of a fresh process is held against one of a forked
one in `state/test_replay.py`; tests that kill or watch a process start it (`Tieout.command`).
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn

import duckdb

PROJECT = Path(__file__).resolve().parents[2]
"""Where every process begins."""

LOADED = (
    "pandas",
    "orchestration.cli",
    "orchestration.definitions",
    "orchestration.runner",
    "orchestration.dbt_process",
    "dbt.adapters.duckdb.environments.local",
    "dbt.task.build",
    # by the run itself, when it comes to them
    "dagster._core.execution.execute_in_process",
    "dagster._core.executor.in_process",
    "dagster._core.instance.factory",
    "dagster._core.storage.legacy_storage",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.workspace.context",
    "dagster._daemon.controller",
    "orchestration.alerting.run_alerts",
    "orchestration.event_log",
    "orchestration.review.access_log",
    "orchestration.telemetry.after_run",
    "orchestration.warehouse_plugin",
    "pyarrow.dataset",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.sqlite",
    "upath.implementations.local",
)

_OUTSIDE = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
"""The environment before any test has changed it."""

_NUMBER = struct.Struct("!i")
_address = ""
"""Of the server's socket; empty in a session that has not started one."""


class Forked:
    """A process that the server has forked: to its caller what a `subprocess.Popen` is.

    Its `stdin` and `stdout`, where it has them, are the caller's ends of pipes.
    """

    def __init__(
        self,
        connection: socket.socket,
        args: Sequence[str],
        stdin: IO[str] | None = None,
        stdout: IO[str] | None = None,
    ) -> None:
        self.args = args
        self.stdin = stdin
        self.stdout = stdout
        self.returncode: int | None = None
        self._connection = connection
        self._lock = threading.Lock()
        self.pid = _received(connection)

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if self.stdout is not None:
                self.stdout.close()
            if self.stdin is not None:
                self.stdin.close()  # flushes, into a pipe that may be closed
        finally:
            self.wait()

    def _ended(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                with selectors.DefaultSelector() as waiting:
                    waiting.register(self._connection, selectors.EVENT_READ)
                    if waiting.select(timeout):
                        self.returncode = _received(self._connection)
                        self._connection.close()
            return self.returncode


def start(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    files: Sequence[int],
    stdin: IO[str] | None = None,
    stdout: IO[str] | None = None,
) -> Forked:
    """Start `python -m module arguments…`; `files` are its input, output and errors.

    Raises:
        ValueError: when modules have read another environment while they were loaded.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_address or _begin())
    socket.send_fds(connection, [b"."], files)
    asked = {"module": module, "arguments": list(arguments), "environment": dict(environment)}
    connection.sendall(json.dumps(asked).encode() + b"\n")
    return Forked(connection, [module, *arguments], stdin, stdout)


def run(
    module: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Like `subprocess.run` with captured output, of a process that nobody types to."""
    with (
        open(os.devnull, encoding="utf-8") as nothing,
        tempfile.TemporaryFile("w+") as output,
        tempfile.TemporaryFile("w+") as errors,
    ):
        files = [nothing.fileno(), output.fileno(), errors.fileno()]
        process = start(module, arguments, environment, files=files)
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(process.args, code, output.read(), errors.read())


def start_asked(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    errors: int | None = None,
) -> Forked:
    """Start a process that is asked and answers through pipes, its `stdin` and `stdout`.

    Its errors go to the file `errors`, or among the answers.
    """
    read, asks = os.pipe()
    tells, write = os.pipe()
    try:
        return start(
            module,
            arguments,
            environment,
            files=[read, write, write if errors is None else errors],
            stdin=open(asks, "w", encoding="utf-8"),
            stdout=open(tells, encoding="utf-8"),
        )
    finally:
        os.close(read)
        os.close(write)


def start_dbt(home: Any) -> Forked:
    """What `dbt_runs.start_process` does."""
    from orchestration import dbt_runs

    return start_asked("orchestration.dbt_process", [], dbt_runs.environment(home))


_session = ExitStack()

end = _session.close
"""End the session's server; what it has forked goes on."""


def _begin() -> str:
    """Start the session's server; it takes calls once it has loaded everything."""
    global _address
    folder = tempfile.mkdtemp(prefix="tieout-server-")
    _address = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(_address)
        listening.listen(64)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.python.tieout_server", str(listening.fileno()), _address],
            cwd=PROJECT,
            env={**_OUTSIDE, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,  # it ends with this pipe, so also when this process is killed
            stdout=subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
        )

    _session.callback(shutil.rmtree, folder)
    _session.enter_context(process)
    return _address


def _received(connection: socket.socket) -> int:
    """The next number that the server tells; or why it does not."""
    said = connection.recv(_NUMBER.size, socket.MSG_WAITALL)
    if len(said) < _NUMBER.size:
        raise RuntimeError("the server of tests has ended; its errors say why")
    (number,) = _NUMBER.unpack(said)
    if number == _REFUSED:
        with connection, connection.makefile(encoding="utf-8") as refusal:
            raise ValueError(refusal.read())
    return int(number)


_REFUSED = -(2**31)


# -- the server


@dataclass
class Call:
    """A process that somebody has asked for."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    files: list[int] = field(default_factory=list)

    def become(self) -> NoReturn:
        """Make of this process, which was forked for it, the one that was asked for."""
        for number, file in enumerate(self.files):
            os.dup2(file, number)
            os.close(file)
        os.environ.clear()
        os.environ.update(self.environment)
        if "PYTHONUNBUFFERED" in self.environment:
            sys.stdout.reconfigure(line_buffering=True)
        importlib.import_module("dbt_common.invocation").reset_invocation_id()
        module = importlib.import_module(self.module)
        sys.argv = [str(module.__file__), *self.arguments]
        sys.exit(module.main())


class Server:
    """Forks a process for each call, and tells the caller how it ended."""

    def __init__(
        self, listening: socket.socket, read_when_loaded: Mapping[str, str | None]
    ) -> None:
        self._listening = listening
        self._read_when_loaded = read_when_loaded
        self._callers: dict[int, socket.socket] = {}
        self._woken, self._wakes = socket.socketpair()
        self._woken.setblocking(False)
        self._wakes.setblocking(False)
        self._waiting = selectors.DefaultSelector()
        for source in (listening, self._woken, sys.stdin):
            self._waiting.register(source, selectors.EVENT_READ)

    def serve(self) -> Call | None:
        """Take calls until the session has ended; in a process that was forked, its call."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # is for the whole group, and no end of this
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes.fileno())
        while True:
            ready = {key.fileobj for key, _ in self._waiting.select()}
            if self._woken in ready:
                self._woken.recv(4096)
                self._tell_ends()
            if self._listening in ready:
                call = self._take_call()
                if call is not None:
                    return call
            if sys.stdin in ready:
                return None

    def _take_call(self) -> Call | None:
        caller, _ = self._listening.accept()
        try:
            _, files, _, _ = socket.recv_fds(caller, 1, 3)
            with caller.makefile("rb") as asked:
                call = Call(**json.loads(asked.readline()), files=files)
        except (OSError, ValueError, TypeError):
            caller.close()  # who called is gone
            return None
        refusal = self._refusal(call)
        pid = 0 if refusal else os.fork()
        if not refusal and pid == 0:
            self._forget()
            return call
        for file in files:
            os.close(file)
        with suppress(OSError):
            caller.sendall(_NUMBER.pack(_REFUSED if refusal else pid) + refusal.encode())
        if refusal:
            caller.close()
        else:
            self._callers[pid] = caller
        return None

    def _refusal(self, call: Call) -> str:
        others = [
            name
            for name in {*self._read_when_loaded, *filter(_is_pythons, call.environment)}
            if call.environment.get(name) != self._read_when_loaded.get(name, os.environ.get(name))
        ]
        if not others:
            return ""
        return f"Read when modules are loaded, so start a process instead: {', '.join(others)}"

    def _forget(self) -> None:
        """Leave what is the server's alone to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._waiting.close()
        for mine in (self._listening, self._woken, self._wakes, *self._callers.values()):
            mine.close()

    def _tell_ends(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                with suppress(OSError), self._callers.pop(pid) as caller:
                    caller.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))


_OF_ANY_VALUE = {"PYTHONPATH", "PYTHONUNBUFFERED"}
"""The first leads to this project in every call, the second is heeded by `Call.become`."""


def _is_pythons(name: str) -> bool:
    """Whether the interpreter reads a variable when it starts, and only then."""
    return name.startswith("PYTHON") and name not in _OF_ANY_VALUE


@contextmanager
def _readings() -> Iterator[dict[str, str | None]]:
    """What is read of the environment inside, with its values; None for what is not set."""
    kind: Any = type(os.environ)
    read = kind.__getitem__
    seen: dict[str, str | None] = {}

    def noted(environment: Any, name: str) -> Any:
        seen[name] = None
        value = seen[name] = read(environment, name)
        return value

    kind.__getitem__ = noted
    try:
        yield seen
    finally:
        kind.__getitem__ = read


def _open_files() -> set[str]:
    return set(os.listdir("/dev/fd"))


def main() -> None:
    """Load everything, and fork processes from then on. Arguments: socket and its address."""
    global _address
    listening, _address = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
    from orchestration import dbt_runs, loading

    before = _open_files()
    with _readings() as read, loading.for_good():
        for name in LOADED:
            importlib.import_module(name)
    duckdb.default_connection().close()
    assert _open_files() == before, "a module opens a file that forked processes would share"
    assert threading.enumerate() == [threading.main_thread()], "a module starts a thread"
    for name in _OF_ANY_VALUE:
        read.pop(name, None)
    dbt_runs.start_process = start_dbt
    call = Server(listening, read).serve()
    if call is None:
        os._exit(0)
    call.become()


if __name__ == "__main__":
    main()
