"""What is written stays written, whatever happens to the machine."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """See to it that a file, or what a folder lists, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
