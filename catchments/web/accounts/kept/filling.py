"""Filling in a form of a page that is written already, with what was typed into it before.

The page is ours, so that it is well-formed. What is the server's own in a form stays as it is: all
that is hidden, but the version that the form was written for and what it is known again by.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

NOT_TYPED = frozenset({"version", "once", "back", "do", "confirmed", "next"})
"""Fields that nobody types, and whose values are of the page as it was."""
_TAKEN_FROM_BEFORE = frozenset({"version", "once"})
_LEFT_ALONE = frozenset({"submit", "button", "image", "reset", "file", "password"})
_Attributes = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Filled:
    """A page with a form filled in."""

    page: str
    found: bool
    """Whether the form is on the page."""
    left: tuple[tuple[str, str], ...]
    """What was typed and has no place on the page any more."""


def filled_in(
    page: str, action: str, fields: list[tuple[str, str]], *, hidden: tuple[str, str], here: str
) -> Filled:
    """Return a page whose form with an action has these fields, and one more that is `hidden`.

    Of several such forms it is the one that has most of them. `here` is the path of the page, to
    which a form is sent that does not say otherwise.
    """
    survey = _Survey(action, fields, here)
    survey.feed(page)
    if survey.best is None:
        return Filled(page, found=False, left=tuple(typed(fields)))
    filler = _Filler(survey.best, fields, hidden, survey.unfolded)
    filler.feed(page)
    filler.close()
    return Filled("".join(filler.written), found=True, left=tuple(filler.left()))


def with_notice(page: str, notice: str) -> str:
    """Return a page with markup at the beginning of its main part."""
    before, main, after = page.partition("<main")
    tag, end, rest = after.partition(">")
    return f"{before}{main}{tag}{end}{notice}{rest}" if main else page


def typed(fields: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Return what somebody typed of a form, without what is the page's own and what is blank."""
    return ((name, value) for name, value in fields if name not in NOT_TYPED and value.strip())


def _by_name(fields: Iterable[tuple[str, str]]) -> dict[str, dict[str, None]]:
    """Return the values of each name: of thousands it is known at once whether one is there."""
    values: dict[str, dict[str, None]] = {}
    for name, value in fields:
        values.setdefault(name, {})[value] = None
    return values


class _Survey(HTMLParser):
    """Finds which form of a page was meant."""

    def __init__(self, action: str, fields: list[tuple[str, str]], here: str) -> None:
        super().__init__()
        self._action, self._fields, self._here = action, set(fields), here
        self._names = {name for name, _ in fields}
        self._number, self._score = -1, -1
        self._best = (-1, -1)
        self._said = _by_name(typed(fields))
        self._folds, self._around = -1, [-1]
        self.unfolded: set[int] = set()
        """Which folds of the page have something of it in them, by number."""

    @property
    def best(self) -> int | None:
        """The number of the form among those of the page, from 0."""
        return self._best[1] if self._best[0] >= 0 else None

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        given = dict(attrs)
        if tag == "details":
            self._folds += 1
            self._around.append(self._folds)
        if tag == "form":
            self._number += 1
            to = (given.get("action") or self._here).partition("#")[0]
            is_meant = to == self._action and given.get("method") == "post"
            self._score = 0 if is_meant else -1
            self._note(0)
        elif self._score >= 0 and given.get("name") in self._names:
            is_same = (given["name"], given.get("value")) in self._fields
            self._note(2 if is_same and given.get("type") == "hidden" else 1)
            self._unfold(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._score = -1
        elif tag == "details":
            self._around.pop()

    def _unfold(self, given: dict[str, str | None]) -> None:
        is_box = given.get("type") in {"checkbox", "radio"}
        said = self._said.get(given.get("name") or "", {})
        if said and (not is_box or given.get("value") in said):
            self.unfolded.update(self._around)

    def _note(self, more: int) -> None:
        if self._score < 0:
            return
        self._score += more
        if self._score > self._best[0]:
            self._best = (self._score, self._number)


@dataclass
class _Place:
    """Where in a page the filler is."""

    form: int = -1
    inside: bool = False
    select: str = ""
    texts: int = 0
    """How deep in a text area that is written anew."""
    used: Counter[tuple[str, str]] = field(default_factory=Counter)


class _Filler(HTMLParser):
    """Writes a page again as it is, but for the fields of one form."""

    def __init__(
        self,
        number: int,
        fields: list[tuple[str, str]],
        hidden: tuple[str, str],
        unfolded: set[int],
    ) -> None:
        super().__init__(convert_charrefs=False)
        self.written: list[str] = []
        self._number, self._fields, self._hidden = number, fields, hidden
        self._folds, self._unfolded = -1, unfolded
        self._at = _Place()
        self._values = _by_name(fields)
        self._rest: dict[str, deque[str]] = {}
        for name, value in fields:
            self._rest.setdefault(name, deque()).append(value)

    def left(self) -> Iterator[tuple[str, str]]:
        """Yield what was typed and found no place."""
        for pair in typed(self._fields):
            if self._at.used[pair] <= 0:
                yield pair

    # --- tags ------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        raw = self.get_starttag_text() or ""
        if tag == "form":
            self._at.form += 1
            self._at.inside = self._at.form == self._number
            name, value = self._hidden
            more = f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            self.written.append(raw + (more if self._at.inside else ""))
            return
        if tag == "details":
            self._folds += 1
            opened = _marked(attrs, "open", on=True)
            self.written.append(_tag(tag, opened) if self._folds in self._unfolded else raw)
            return
        write = self._writers.get(tag) if self._at.inside else None
        self.written.append(write(self, dict(attrs), attrs) if write else raw)

    def handle_startendtag(self, tag: str, attrs: _Attributes) -> None:  # noqa: ARG002
        self.written.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._at.inside = False
        elif tag == "select":
            self._at.select = ""
        elif tag == "textarea":
            self._at.texts = 0
        self.written.append(f"</{tag}>")

    def _input(self, given: dict[str, str | None], attrs: _Attributes) -> str:
        kind, name = given.get("type") or "text", given.get("name") or ""
        if kind in {"checkbox", "radio"}:
            return _tag("input", _marked(attrs, "checked", on=self._has(name, given.get("value"))))
        is_ours = kind == "hidden" and name not in _TAKEN_FROM_BEFORE
        if is_ours or kind in _LEFT_ALONE or not self._rest.get(name):
            if kind == "hidden":
                self._use(name, given.get("value") or "")
            return _tag("input", attrs)
        value = self._next(name)
        return _tag("input", [(k, v) for k, v in attrs if k != "value"] + [("value", value)])

    def _textarea(self, given: dict[str, str | None], attrs: _Attributes) -> str:
        name = given.get("name") or ""
        if not self._rest.get(name):
            return _tag("textarea", attrs)
        self._at.texts = 1
        text = escape(self._next(name).replace("\r\n", "\n"), quote=False)
        return f"{_tag('textarea', attrs)}\n{text}"

    def _select(self, given: dict[str, str | None], attrs: _Attributes) -> str:
        name = given.get("name") or ""
        self._at.select = name if name in self._rest else ""
        return _tag("select", attrs)

    def _option(self, given: dict[str, str | None], attrs: _Attributes) -> str:
        if not self._at.select or "value" not in given:
            return _tag("option", attrs)
        is_chosen = self._has(self._at.select, given["value"])
        return _tag("option", _marked(attrs, "selected", on=is_chosen))

    _writers: dict[str, Callable[[_Filler, dict[str, str | None], _Attributes], str]] = {  # noqa: RUF012
        "input": _input,
        "textarea": _textarea,
        "select": _select,
        "option": _option,
    }

    def _has(self, name: str, value: str | None) -> bool:
        held = "on" if value is None else value
        if held not in self._values.get(name, ()):
            return False
        self._use(name, held)
        return True

    def _next(self, name: str) -> str:
        value = self._rest[name].popleft()
        self._use(name, value)
        return value

    def _use(self, name: str, value: str) -> None:
        self._at.used[(name, value)] += 1

    # --- all else, as it is ----------------------------------------------------------------------

    def handle_data(self, data: str) -> None:
        self._write(data)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._write(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")

    def _write(self, text: str) -> None:
        if not self._at.texts:
            self.written.append(text)


def _marked(attrs: _Attributes, name: str, *, on: bool) -> _Attributes:
    rest = [(k, v) for k, v in attrs if k != name]
    return [*rest, (name, None)] if on else rest


def _tag(name: str, attrs: _Attributes) -> str:
    written = (f" {k}" if v is None else f' {k}="{escape(v)}"' for k, v in attrs)
    return f"<{name}{''.join(written)}>"
