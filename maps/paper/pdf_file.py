"""Pages as a PDF: paths, texts in faces that it carries, and the tags of those who listen to it.

Source of what is written: ISO 32000-1, 8.5 for paths, 9.7 for faces, 14.7 and 14.8 for tags.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from pikepdf import (
    Array,
    Dictionary,
    Name,
    Object,
    ObjectStreamMode,
    Page,
    Pdf,
    String,
    settings,
)

from maps.paper import page as drawn
from maps.paper.faces import Face, face
from maps.paper.reading import Part

settings.set_flate_compression_level(3)  # half of the time of its usual 6, a twelfth more bytes
LANGUAGE = "en-NZ"
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
_TO_UNICODE = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
{blocks}
endcmap CMapName currentdict /CMap defineresource pop end end"""
_BLOCK = 100
"""So many characters a block of that table, at most."""

Piece = tuple[Part | None, str]
"""What draws something, and whose it is."""


def pdf_of(pages: Sequence[drawn.Page], *, title: str, subject: str) -> bytes:
    """Return pages as a PDF with tags, a language and a title, the same bytes each time."""
    with Pdf.new() as pdf:
        faces = {bold: pdf.make_indirect(Dictionary()) for bold in (False, True)}
        root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        document = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root))
        numbers, elements = Array(), Array()
        for at, page in enumerate(pages):
            marks: list[Part] = []
            made = _Elements(pdf, _add(pdf, page, faces, at, marks), marks)
            elements.extend(made.of(part, document) for part in page.reading.parts)
            numbers.append(at)
            numbers.append(made.by_mark())
        document.K, root.K = elements, Array([document])
        root.ParentTree = pdf.make_indirect(Dictionary(Nums=numbers))
        root.ParentTreeNextKey = len(pages)
        for bold, kept in faces.items():
            texts = {t.text for page in pages for t in page.texts if t.bold == bold}
            _write_face(pdf, kept, face(bold=bold), "".join(sorted(set().union(*texts))))
        _describe(pdf, root, title, subject)
        saved = io.BytesIO()
        pdf.save(saved, deterministic_id=True, object_stream_mode=ObjectStreamMode.generate)
    return saved.getvalue()


def _describe(pdf: Pdf, tree: Object, title: str, subject: str) -> None:
    pdf.docinfo.Title, pdf.docinfo.Subject = String(title), String(subject)
    pdf.Root.StructTreeRoot = tree
    pdf.Root.MarkInfo = Dictionary(Marked=True)
    pdf.Root.Lang = String(LANGUAGE)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    told = _XMP.format(title=escape(title), language=LANGUAGE)
    pdf.Root.Metadata = pdf.make_stream(told.encode(), Type=Name.Metadata, Subtype=Name.XML)


def _add(
    pdf: Pdf, page: drawn.Page, faces: Mapping[bool, Object], at: int, marks: list[Part]
) -> Page:
    """Add a page; `marks` becomes the part that each of its marks belongs to."""
    size = (page.width * page.points_per_unit, page.height * page.points_per_unit)
    pdf.add_blank_page(page_size=size)
    added = pdf.pages[-1]
    added.obj.Resources = Dictionary(Font=Dictionary(F0=faces[False], F1=faces[True]))
    added.obj.StructParents, added.obj.Tabs = at, Name.S
    added.obj.Contents = pdf.make_stream("\n".join(_content(page, marks)).encode())
    return added


# --- what is drawn --------------------------------------------------------------------------------


def _content(page: drawn.Page, marks: list[Part]) -> Iterator[str]:
    yield "1 j 1 J"  # round corners and ends
    for owner, pieces in groupby(_pieces(page), key=lambda piece: piece[0]):
        if owner is None:
            yield "/Artifact BMC"
        else:
            yield f"/{owner.kind} <</MCID {len(marks)}>> BDC"
            marks.append(owner)
        yield from (told for _, told in pieces)
        yield "EMC"


def _pieces(page: drawn.Page) -> Iterator[Piece]:
    picture, per_unit = page.reading.picture, page.points_per_unit
    for area in page.areas:
        yield picture, _area(area, per_unit)
    for line in page.lines:
        stroke = f"{_colour(line.colour)} RG {line.width_pt:g} w"
        yield picture, f"{stroke} {_path(line.points * per_unit)} S"
    for text in page.texts:
        if text.text:
            yield text.part or picture, _text(text, per_unit)


def _area(area: drawn.Area, per_unit: float) -> str:
    fill = [f"{_colour(area.fill)} rg"] if area.fill else []
    edge = [f"{_colour(area.edge)} RG {area.edge_pt:g} w"] if area.edge else []
    rings = [f"{_path(ring[:-1] * per_unit)} h" for ring in area.rings]
    paint = "B*" if area.fill and area.edge else "f*" if area.fill else "S"
    return " ".join([*fill, *edge, *rings, paint])


def _path(points: drawn.Floats) -> str:
    told = " ".join(["%.2f %.2f l"] * len(points)) % tuple(points.ravel().tolist())
    return told.replace("l", "m", 1)


def _text(each: drawn.Text, per_unit: float) -> str:
    glyphs = "".join(f"{glyph:04x}" for glyph in face(bold=each.bold).glyphs(each.text))
    place = f"{each.x * per_unit:.2f} {each.y * per_unit:.2f} Td"
    colour = f"{_colour(each.colour)} rg"
    return f"{colour} BT /F{int(each.bold)} {each.size_pt:g} Tf {place} <{glyphs}> Tj ET"


def _colour(written: str) -> str:
    return " ".join(f"{int(written[at : at + 2], 16) / 255:.3g}" for at in (1, 3, 5))


# --- faces ----------------------------------------------------------------------------------------


def _write_face(pdf: Pdf, kept: Object, used: Face, text: str) -> None:
    """Write a face with the glyphs of the characters of a text alone."""
    glyphs, wide = used.glyphs(text), used.widths(text)
    # Of several characters that look the same, the first; what is drawn as a box is none of them.
    of_glyph = {g: c for g, c in reversed([*zip(glyphs, text, strict=True)]) if g}
    name = Name(f"/AAAAAA+{used.name}")
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=32,
        FontBBox=[-1021, -463, 1793, 1232],
        ItalicAngle=0,
        Ascent=928,
        Descent=-236,
        CapHeight=729,
        StemV=80,
        FontFile2=pdf.make_stream(used.with_only(glyphs)),
    )
    widths = Array()
    for glyph, thousandths in wide.items():
        widths.append(glyph)
        widths.append(Array([thousandths]))
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
        W=widths,
        CIDToGIDMap=Name.Identity,
    )
    kept.Type, kept.Subtype, kept.BaseFont = Name.Font, Name.Type0, name
    kept.Encoding = Name("/Identity-H")
    kept.DescendantFonts = Array([pdf.make_indirect(descendant)])
    kept.ToUnicode = pdf.make_stream(_to_unicode(of_glyph).encode())


def _to_unicode(of_glyph: Mapping[int, str]) -> str:
    """Return the table by which texts are searched and copied."""
    lines = [
        f"<{glyph:04x}> <{character.encode('utf-16-be').hex()}>"
        for glyph, character in sorted(of_glyph.items())
    ]
    return _TO_UNICODE.format(blocks="\n".join(_blocks(lines)))


def _blocks(lines: Sequence[str]) -> Iterable[str]:
    for start in range(0, len(lines), _BLOCK):
        block = lines[start : start + _BLOCK]
        yield "\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"])


# --- tags -----------------------------------------------------------------------------------------


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
