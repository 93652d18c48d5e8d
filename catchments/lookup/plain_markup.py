"""A very small markup: paragraphs, lists, steps, bold words and links, and nothing of HTML.

An empty line parts blocks. A block whose lines begin with `- ` is a list, one whose lines begin
with `1. `, `2. ` and so on are steps; a line that begins with two spaces goes on with the item
above. `**Words**` are bold. A link is `[text](target)`: https://…, a path of this website, tel: or
mailto:.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from catchments.core.errors import InputRefused, shown

Kind = Literal["paragraph", "list", "steps"]
LONGEST = 20_000
"""Characters of a text: a page's section has a tenth of that."""
ALLOWED = (
    "A text has paragraphs, lists (- ) and numbered steps (1. ), parted by empty lines; **bold** "
    "words and links ([text](https://…)); no HTML."
)
_HTML = re.compile(r"<[A-Za-z/!?][^\n]{0,60}|&(?:#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]+);")
_ITEM = re.compile(r"- +(?=\S)")
_STEP = re.compile(r"[0-9]{1,2}\. +(?=\S)")
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(([^()\s]{1,500})\)")
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_TARGET = re.compile(
    r"https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:[/?#][!-~]*)?"
    r"|/(?:[a-z0-9][a-z0-9/-]*)?(?:#[a-z0-9-]+)?|tel:\+?[0-9]{3,15}"
    r"|mailto:[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)
_UNSEEN = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Inline:
    """A run of text, bold or not, or a link."""

    text: str
    target: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, which is one item, or a list, or steps."""

    kind: Kind
    items: tuple[tuple[Inline, ...], ...]


class MarkupRefused(InputRefused):
    """A text that is no such markup; `line` is where, counted from one."""

    def __init__(self, problem: str, line: int, *, allowed: str = ALLOWED) -> None:
        super().__init__(problem, field="text", allowed=allowed, next_step="Correct the text.")
        self.line = line


def blocks(text: str, say: Callable[[str], str] = str) -> tuple[Block, ...]:
    """Return the blocks of a text, each of its items as `say` says it. Raises MarkupRefused.

    What `say` makes of an item has to be markup as well; else the item stands as it was.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    _refuse_unfit(text, lines)
    found = tuple(_block(number, those) for number, those in _parted(lines))
    if not found:
        raise MarkupRefused("The text is empty.", 1)
    return tuple(Block(kind, tuple(_said(each, say) for each in items)) for kind, items in found)


def _refuse_unfit(text: str, lines: list[str]) -> None:
    if len(text) > LONGEST:
        raise MarkupRefused(
            f"The text has {len(text):,} characters.", 1, allowed=f"It may have {LONGEST:,}."
        )
    for number, line in enumerate(lines, start=1):
        if html := _HTML.search(line):
            raise MarkupRefused(f"{shown(html[0])} is HTML.", number)
        if any(_is_unseen(c) for c in line):
            raise MarkupRefused("There is a character that cannot be seen.", number)


def _is_unseen(character: str) -> bool:
    return character in _UNSEEN or unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}


def _parted(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of each block, with the number of the first."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield number - len(block), block
            block = []


def _block(number: int, lines: list[str]) -> tuple[Kind, list[str]]:
    if _ITEM.match(lines[0]):
        return "list", _checked(number, _items(number, lines, _ITEM))
    if _STEP.match(lines[0]):
        return "steps", _checked(number, _items(number, lines, _STEP))
    return "paragraph", _checked(number, [" ".join(line.strip() for line in lines)])


def _items(number: int, lines: list[str], mark: re.Pattern[str]) -> list[str]:
    items: list[str] = []
    for at, line in enumerate(lines):
        if found := mark.match(line):
            items.append(line[found.end() :])
        elif line.startswith("  "):
            items[-1] += f" {line.strip()}"
        else:
            raise MarkupRefused(
                f"{shown(line)} stands in a list and is no item of it.",
                number + at,
                allowed="An empty line parts a list from what follows; a line that goes on with an "
                "item begins with two spaces.",
            )
    return items


def _checked(number: int, items: list[str]) -> list[str]:
    for item in items:
        for _, target in _LINK.findall(item):
            if not _TARGET.fullmatch(target):
                raise MarkupRefused(
                    f"{shown(target)} is nothing that a link may lead to.",
                    number,
                    allowed="A link leads to https://…, to a page of this website (/help), or is "
                    "tel: or mailto:.",
                )
        if "](" in _LINK.sub("", item):
            raise MarkupRefused(f"A link is broken in {shown(item)}.", number)
    return items


def _said(item: str, say: Callable[[str], str]) -> tuple[Inline, ...]:
    translated = say(item)
    try:
        return _inlines(_checked(1, [translated])[0])
    except MarkupRefused:  # a translator's slip: the text itself is known to be whole
        return _inlines(item)


def _inlines(item: str) -> tuple[Inline, ...]:
    parts = _LINK.split(item)
    links = [Inline(*each) for each in zip(parts[1::3], parts[2::3], strict=True)]
    found: list[Inline] = []
    for at, text in enumerate(parts[::3]):
        found += (Inline(run, bold=n % 2 == 1) for n, run in enumerate(_BOLD.split(text)) if run)
        found += links[at : at + 1]
    return tuple(found)
