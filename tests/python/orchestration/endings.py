"""A process that ends in the way that its argument names, for `test_tieout_server.py`."""

from __future__ import annotations

import atexit
import os
import random
import signal
import sys
import threading
import time


def main() -> int:
    """End as `sys.argv` says; the exit status where nothing else ends it."""
    [how] = sys.argv[1:]
    if how == "status":
        print("said")
        print("warned", file=sys.stderr)
        return 3
    if how == "message":
        sys.exit("the last words")
    if how == "raises":
        raise ArithmeticError("a cent is missing")
    if how == "signal":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    if how == "late":
        atexit.register(print, "once all is done")
        threading.Thread(target=lambda: (time.sleep(0.05), print("by a thread"))).start()
    if how == "surroundings":
        print(os.getcwd(), sys.argv, repr(sys.stdin.read()), len(os.listdir("/dev/fd")))
        print(sorted((name, value) for name, value in os.environ.items() if name != "LC_CTYPE"))
        print([signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM)])
        print(len(threading.enumerate()), sys.flags)
    if how == "random":
        print(random.random())
    if how == "waits":
        print("begun", flush=True)
        time.sleep(600)
    return 0


if __name__ == "__main__":
    sys.exit(main())
