"""Fields of a staff form: read one by one; all that is wrong is said at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from flask_babel import gettext
from werkzeug.datastructures import FileStorage, MultiDict

from catchments.core.errors import shown
from catchments.geometry.tiling.sketch import Sketch
from catchments.lookup import values

LONGEST_NAME = 200
LONGEST_TEXT = 4_000
LARGEST_CAPACITY = 100_000

_CODE = re.compile(r"[A-Za-z0-9-]{1,40}")
_EMAIL = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;.]+(\.[^\s@<>\"(),:;.]+)+")
_TURNS_TEXT_AROUND = frozenset(
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with a form, shown beside its field and in the summary."""

    field: str
    text: str
    items: tuple[str, ...] = ()
    """Each thing that it is about, where there are several."""
    sketch: Sketch | None = None
    """Where that is on a map, where it is about boundaries that do not tile."""


class FormRefused(Exception):
    """A form that cannot be taken as it is; `wrongs` says everything that is wrong with it."""

    def __init__(self, wrongs: Sequence[FieldError]) -> None:
        super().__init__(" ".join(wrong.text for wrong in wrongs))
        self.wrongs = tuple(wrongs)


class FormReader:
    """A form's fields; each reader gives a value, or notes what is wrong and gives an empty one."""

    def __init__(
        self,
        given: MultiDict[str, str],
        files: MultiDict[str, FileStorage] | None = None,
        *,
        adds: bool = False,
    ) -> None:
        self.given = given
        self.adds = adds
        """Whether what is read is to be added now, and not only looked over or drawn."""
        self.wrongs: list[FieldError] = []
        self.said = ""
        """What a reader of a file has to say about it, beside the change."""
        self._files = MultiDict() if files is None else files

    def files(self, field: str) -> list[FileStorage]:
        """Return the files that were chosen."""
        return [file for file in self._files.getlist(field) if file.filename]

    def text(self, field: str) -> str:
        """Return a field as it was typed, without blanks around it."""
        return self.given.get(field, "").strip()

    def all(self, field: str) -> list[str]:
        """Return everything that was ticked under a name, each once."""
        return list(dict.fromkeys(self.given.getlist(field)))

    def refuse(self, field: str, text: str, items: Sequence[str] = ()) -> None:
        """Note that something is wrong."""
        self.wrongs.append(FieldError(field, text, tuple(items)))

    def check(self) -> None:
        """Raise FormRefused if anything was wrong."""
        if self.wrongs:
            raise FormRefused(self.wrongs)

    # --- kinds of fields ----------------------------------------------------------------------

    def line(
        self,
        field: str,
        what: str,
        *,
        required: bool = True,
        at_most: int = LONGEST_NAME,
        breaks: str = "",
    ) -> str:
        """Return one line of text; `what` names the field in a sentence: “a title”."""
        given = self.text(field).replace("\r\n", "\n") if breaks else self.text(field)
        text = unicodedata.normalize("NFC", given)
        if not text and required:
            self.refuse(field, gettext("Enter %(what)s.", what=what))
        elif len(text) > at_most:
            problem = gettext(
                "That has %(length)s characters; use at most %(most)s.",
                length=len(text),
                most=at_most,
            )
            self.refuse(field, problem)
        elif _has_controls(text, allowed=breaks):
            unseen = gettext("Leave out characters that cannot be seen.")
            also = gettext("Leave out characters that cannot be seen, and new lines.")
            self.refuse(field, unseen if breaks else also)
        else:
            return text
        return ""

    def paragraph(
        self, field: str, what: str, *, required: bool = True, at_most: int = LONGEST_TEXT
    ) -> str:
        """Return text that may have several lines."""
        return self.line(field, what, required=required, at_most=at_most, breaks="\n\t")

    def code(self, field: str) -> str:
        """Return a catchment's or provider's new code."""
        text = self.text(field)
        if _CODE.fullmatch(text):
            return text
        problem = gettext(
            "Enter a code of 1 to 40 letters A to Z, digits and hyphens; not %(text)s.",
            text=shown(text),
        )
        self.refuse(field, problem)
        return ""

    def email(self, field: str) -> str:
        """Return an e-mail address, or nothing where none was typed."""
        text = self.line(field, "", required=False)
        if not text or _EMAIL.fullmatch(text):
            return text
        self.refuse(field, gettext("Enter an e-mail address such as name@example.nz."))
        return ""

    def website(self, field: str) -> str:
        """Return a web address, or nothing where none was typed."""
        text = self.line(field, "", required=False)
        if not text or _is_web_address(text):
            return text
        self.refuse(field, gettext("Enter a web address that begins with https:// or http://."))
        return ""

    def day(self, field: str) -> date | None:
        """Return a date, or None where none was typed."""
        text = self.text(field)
        day = values.day_of(text)
        if day or not text:
            return day
        problem = gettext("Enter a date of the calendar as YYYY-MM-DD; not %(t)s.", t=shown(text))
        self.refuse(field, problem)
        return None

    def whole_number(self, field: str, *, at_most: int = LARGEST_CAPACITY) -> int | None:
        """Return a whole number from 0 up, or None where none was typed."""
        text = self.text(field)
        number = values.whole_number(text)
        if not text or (number is not None and number <= at_most):
            return number
        problem = gettext(
            "Enter a whole number from 0 to %(most)s; not %(text)s.", most=at_most, text=shown(text)
        )
        self.refuse(field, problem)
        return None

    def one_of(self, field: str, among: Collection[str], what: str) -> str:
        """Return what was chosen from a list; `what` names the field: “a provider”."""
        text = self.given.get(field, "")
        if text in among:
            return text
        known = gettext("There is no %(text)s any more. ", text=shown(text)) if text else ""
        self.refuse(field, known + gettext("Choose %(what)s.", what=what))
        return ""

    def some_of(
        self, field: str, among: Collection[str], what: str, *, at_least: int = 1
    ) -> tuple[str, ...]:
        """Return what was ticked in a list."""
        ticked = self.all(field)
        gone = [text for text in ticked if text not in among]
        if gone:
            self.refuse(field, gettext("These are not there any more:"), [shown(t) for t in gone])
        elif len(ticked) < at_least:
            self.refuse(field, gettext("Choose %(what)s.", what=what))
        return tuple(ticked)


def _has_controls(text: str, *, allowed: str) -> bool:
    kinds = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
    return any(
        c in _TURNS_TEXT_AROUND or (unicodedata.category(c) in kinds and c not in allowed)
        for c in text
    )


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:  # such as http://[1
        return False
    return parts.scheme in {"http", "https"} and bool(host) and " " not in text
