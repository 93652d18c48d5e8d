"""The two faces that pages are set in: DejaVu Sans, which matplotlib carries, plain and bold.

It is never imported: only its files are read.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

NAMES = {False: "DejaVuSans", True: "DejaVuSans-Bold"}
"""By whether it is bold."""
_NOT_NEEDED = ["GSUB", "GPOS", "GDEF", "MATH", "kern", "gasp", "FFTM", "name", "OS/2", "post"]
"""Tables that a PDF does not read."""


@cache
def face(*, bold: bool) -> Face:
    """Return a face, read once."""
    return Face(bold=bold)


class Face:
    """A face: where its file is, and for each character its glyph and how wide that is."""

    def __init__(self, *, bold: bool) -> None:
        self.name = NAMES[bold]
        self.path = _folder() / f"{self.name}.ttf"
        self._content = self.path.read_bytes()
        self._font = self._opened()
        self._glyph_names = self._font.getBestCmap()

    def glyphs(self, text: str) -> list[int]:
        """Return the glyph of each character; 0, a box, where the face has none."""
        return [self._glyph(character)[0] for character in text]

    def width(self, text: str) -> float:
        """Return how wide a text is, of the size that it is set in."""
        return sum(self._glyph(character)[1] for character in text) / 1000

    def widths(self, text: str) -> dict[int, float]:
        """Return how wide the glyphs of a text are, in thousandths of the size, by glyph."""
        return dict(sorted(map(self._glyph, text)))

    def with_only(self, glyphs: Iterable[int]) -> bytes:
        """Return a font file with these glyphs, numbered as they are, the same bytes each time."""
        options = subset.Options(
            retain_gids=True,
            notdef_outline=True,
            hinting=False,
            layout_features=[],
            glyph_names=False,
        )
        options.drop_tables += _NOT_NEEDED
        font = self._opened()
        subsetter = subset.Subsetter(options)
        subsetter.populate(gids=sorted(glyphs))
        subsetter.subset(font)
        written = io.BytesIO()
        font.save(written)
        return written.getvalue()

    def _opened(self) -> TTFont:
        return TTFont(io.BytesIO(self._content), lazy=True, recalcTimestamp=False)

    @cache  # noqa: B019 - there are two faces, which stay
    def _glyph(self, character: str) -> tuple[int, float]:
        name = self._glyph_names.get(ord(character), ".notdef")
        wide, _ = self._font["hmtx"][name]
        return self._font.getGlyphID(name), round(wide * 1000 / self._font["head"].unitsPerEm, 2)


def _folder() -> Path:
    found = find_spec("matplotlib")
    assert found  # noqa: S101 - requirements.txt has it
    assert found.origin  # noqa: S101
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
