"""Tags of a PDF, for those who listen to it: what each part is, in the order in which to read it.

matplotlib draws and cannot tag, so its file is opened again; source of the tags: ISO 32000-1, 14.7
and 14.8.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from pikepdf import (
    Array,
    ContentStreamInstruction,
    Dictionary,
    Name,
    Object,
    Operator,
    Page,
    Pdf,
    String,
    parse_content_stream,
    unparse_content_stream,
)

LANGUAGE = "en-NZ"
_PAINTED = frozenset({"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "n"})
_UNSEEN = "n"
"""Ends a path that is not painted: it cuts off what lies beyond it."""
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
    "<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)
"""Written here, since the library's own way says the moment."""

Instructions = list[ContentStreamInstruction]


@dataclass(eq=False)
class Part:
    """A part of a page: a heading (H1, H2), a paragraph (P), a Figure, a Table, TR, TH or TD."""

    kind: str
    alt: str = ""
    """What a figure shows, in words."""
    parts: list[Part] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    """Its texts, by their place among all that are drawn on the page."""

    def part(self, kind: str) -> Part:
        """Return another part within this one."""
        self.parts.append(Part(kind))
        return self.parts[-1]

    def all_parts(self) -> Iterator[Part]:
        """Yield this part and all within it."""
        yield self
        for each in self.parts:
            yield from each.all_parts()


@dataclass
class Reading:
    """What is read of a page: its parts in order, and how many texts are drawn on it."""

    parts: list[Part] = field(default_factory=list)
    drawn: int = 0
    picture: Part | None = None
    """What the drawing belongs to, and every text that has no part of its own."""

    def owners(self) -> dict[int, Part]:
        """Return the part that each text belongs to, by its place."""
        every = [part for top in self.parts for part in top.all_parts()]
        return {at: part for part in every for at in part.texts}


def tagged(written: bytes, pages: Sequence[Reading], *, title: str) -> bytes:
    """Return a PDF with tags, a language and a title, the same bytes each time.

    Raises ValueError where a page has not just the texts that were drawn on it.
    """
    with Pdf.open(io.BytesIO(written)) as pdf:
        root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        document = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root))
        numbers, elements = Array(), Array()
        for at, (page, reading) in enumerate(zip(pdf.pages, pages, strict=True)):
            page.obj.StructParents = at
            made = _Elements(pdf, page, _mark(pdf, page, reading))
            elements.extend(made.of(part, document) for part in reading.parts)
            numbers.append(at)
            numbers.append(made.by_mark())
        document.K, root.K = elements, Array([document])
        root.ParentTree = pdf.make_indirect(Dictionary(Nums=numbers))
        root.ParentTreeNextKey = len(pages)
        _describe(pdf, root, title)
        saved = io.BytesIO()
        pdf.save(saved, deterministic_id=True)
    return saved.getvalue()


def _describe(pdf: Pdf, tree: Object, title: str) -> None:
    pdf.Root.StructTreeRoot = tree
    pdf.Root.MarkInfo = Dictionary(Marked=True)
    pdf.Root.Lang = String(LANGUAGE)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    told = _XMP.format(title=escape(title), language=LANGUAGE)
    pdf.Root.Metadata = pdf.make_stream(told.encode(), Type=Name.Metadata, Subtype=Name.XML)


class _Elements:
    """The elements of the tree of one page, and which mark is in which."""

    def __init__(self, pdf: Pdf, page: Page, marks: Sequence[Part]) -> None:
        self._pdf, self._page, self._marks = pdf, page, marks
        self._made: dict[int, Object] = {}

    def of(self, part: Part, parent: Object) -> Object:
        """Return the element of a part, with those of all that is in it."""
        made = self._pdf.make_indirect(
            Dictionary(Type=Name.StructElem, S=Name(f"/{part.kind}"), P=parent, Pg=self._page.obj)
        )
        self._made[id(part)] = made
        if part.alt:
            made.Alt = String(part.alt)
            made.A = Dictionary(O=Name.Layout, BBox=self._page.mediabox)
        if part.kind == "TH":
            made.A = Dictionary(O=Name.Table, Scope=Name.Row)
        marks = [at for at, owner in enumerate(self._marks) if owner is part]
        made.K = Array([*marks, *(self.of(each, made) for each in part.parts)])
        return made

    def by_mark(self) -> Array:
        """Return the element that each mark is in."""
        return Array([self._made[id(part)] for part in self._marks])


# --- marks ----------------------------------------------------------------------------------------


_BEGINS = {"BT": {"ET"}, "m": _PAINTED, "re": _PAINTED}
"""The operators that begin an object, and those that end it."""


def _mark(pdf: Pdf, page: Page, reading: Reading) -> list[Part]:
    """Mark what is drawn on a page; return the part that each mark belongs to."""
    owners, marks, drawn = reading.owners(), list[Part](), 0
    written: Instructions = []
    for run in _objects(parse_content_stream(page)):
        begins, ends = str(run[0].operator), str(run[-1].operator)
        if begins not in _BEGINS or ends == _UNSEEN:
            written += run
            continue
        owner = owners.get(drawn, reading.picture) if begins == "BT" else reading.picture
        drawn += begins == "BT"
        written += _marked(run, owner, marks)
    if drawn != reading.drawn:
        raise ValueError(f"a page of the PDF has {drawn} texts, and {reading.drawn} were drawn")
    page.Contents = pdf.make_stream(unparse_content_stream(written))
    return marks


def _marked(run: Instructions, owner: Part | None, marks: list[Part]) -> Instructions:
    if owner is None:
        begin = ContentStreamInstruction([Name.Artifact], Operator("BMC"))
    else:
        mark = Dictionary(MCID=len(marks))
        begin = ContentStreamInstruction([Name(f"/{owner.kind}"), mark], Operator("BDC"))
        marks.append(owner)
    return [begin, *run, ContentStreamInstruction([], Operator("EMC"))]


def _objects(stream: Iterable[Any]) -> Iterator[Instructions]:
    """Yield each text and each path whole, and whatever stands between them by itself."""
    run: Instructions = []
    ends: Collection[str] = ()
    for each in stream:
        name = str(each.operator)
        run.append(each)
        ends = ends or _BEGINS.get(name, ())
        if not ends or name in ends:
            yield run
            run, ends = [], ()
    if run:
        yield run
