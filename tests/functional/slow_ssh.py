"""Stands in for `ssh`: runs the command here, behind a line that delays each byte by $SLOW_DELAY seconds.

Appends to $SLOW_LOG how often the conversation changed its direction.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time

DELAY = float(os.environ["SLOW_DELAY"])
turns = 0
last = -1


def relay(direction: int, source: int, target: int) -> None:
    """Pass on what comes, each piece late by the delay."""
    line: queue.Queue[tuple[float, bytes]] = queue.Queue()

    def deliver() -> None:
        data = b"something"
        while data:
            due, data = line.get()
            time.sleep(max(0.0, due - time.monotonic()))
            while data and (sent := os.write(target, data)) < len(data):
                data = data[sent:]
        os.close(target)

    delivery = threading.Thread(target=deliver)
    delivery.start()
    while True:
        data = os.read(source, 1 << 16)
        note(direction if data else last)
        line.put((time.monotonic() + DELAY, data))
        if not data:
            break
    delivery.join()


def note(direction: int) -> None:
    """Count the turns."""
    global turns, last  # noqa: PLW0603 - a small program
    turns += direction != last
    last = direction


command = sys.argv[sys.argv.index("--") + 1]
environment = {**os.environ, "OSCONF_STORE": os.environ["SLOW_STORE"]}
with subprocess.Popen(
    ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment
) as process:
    assert process.stdin is not None and process.stdout is not None
    threading.Thread(target=relay, args=(0, 0, os.dup(process.stdin.fileno())), daemon=True).start()
    process.stdin.close()
    relay(1, process.stdout.fileno(), 1)
    code = process.wait()
with open(os.environ["SLOW_LOG"], "a") as log:  # noqa: PTH123
    log.write(f"{turns}\n")
os._exit(code)
