"""REDbot at one address after the other: a process for each, all of one that has imported it.

Run by the tools' own Python, with addresses as its words; it writes a HAR for each, and END.
"""

from __future__ import annotations

import os
import sys

from redbot.cli import main

END = "\n--- end of a HAR ---\n"


def looked_at(address: str) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        sys.argv = ["redbot", "-o", "har", address]
        main()
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit(f"{address}: ended with {os.waitstatus_to_exitcode(status)}")


for each in sys.argv[1:]:
    looked_at(each)
    print(END)
