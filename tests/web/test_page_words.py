"""Messages that reach both the command line and pages: on a page none names an option or a command.

Read in the source, so that a message that is written tomorrow is found, whatever leads to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from catchments.web.spoken.page_words import for_pages

ROOT = Path(__file__).resolve().parent.parent.parent / "catchments"
BOTH_DOORS = (
    "changes",
    "editions",
    "lookup",
    "readers/boundaries",
    "readers/formats",
    "readers/lists",
    "store/drafts",
    "store/editions.py",
    "store/publications.py",
    "store/site",
)
"""What drafts, their files and their publication go through, whoever asks."""
TO_THE_OPERATOR = {"trail_sending.py"}
"""Letters to whoever runs the service."""
COMMAND = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]\b(?!-?\{)|\bflask [a-z]+")


def messages() -> Iterator[tuple[str, str]]:
    """Each text of the source that names a command or an option, and its module."""
    for path in modules():
        for text in texts(ast.parse(path.read_text(encoding="utf8"))):
            if COMMAND.search(text):
                yield path.relative_to(ROOT).as_posix(), text


def modules() -> Iterator[Path]:
    for room in BOTH_DOORS:
        found = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py"))
        yield from (path for path in found if path.name not in TO_THE_OPERATOR)


def texts(tree: ast.Module) -> Iterator[str]:
    """The texts of a module but for its docstrings, with `{}` for what is filled in."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said |= {id(part) for part in node.values}
            yield "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
        ):
            yield node.value


FOUND = sorted({message for message in messages() if " " in message[1]})


def test_there_are_messages_of_both_doors():
    assert len(FOUND) > 20


@pytest.mark.parametrize(("module", "text"), FOUND, ids=[f"{m} {t[:40]}" for m, t in FOUND])
def test_what_the_command_line_names_has_its_name_on_pages(module, text):
    left = COMMAND.findall(for_pages(text))
    assert left == [], f"{module}: say in page_words.py what pages call {left}"


def test_a_message_without_commands_stays_the_very_same():
    text = "The catchment “Ahi” has no provider."
    assert for_pages(text) is text
