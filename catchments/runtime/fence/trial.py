"""A program that tries the fence it is in: what stands, and what it reaches all the same."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import asdict
from pathlib import Path

from catchments.runtime.fence import inside
from catchments.runtime.fence.plans import Standing


def reads(path: str) -> bool:
    """Whether a file that is not given can be read."""
    try:
        return bool(Path(path).read_bytes())
    except OSError:
        return False


def connects(port: int) -> bool:
    """Whether somebody who listens on this machine can be reached."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Write, as JSON, what stands and what is reached of that which the input names."""
    asked = json.load(sys.stdin)
    told = {
        "stands": asdict(inside.standing or Standing()),
        "reads": reads(asked["path"]),
        "connects": connects(asked["port"]),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
