"""Identity: which known catchment each area of a file is, by its code or else by its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from catchments.core.errors import FileRefused, shown
from catchments.core.model import Catchment
from catchments.core.text_folding import by_name, matching_key
from catchments.readers.boundaries.areas import Area
from catchments.readers.codes import GIVEN_AT_MOST, KnownCodes, code_of
from catchments.readers.formats.cells import doubt_of, tidy
from catchments.readers.formats.vectors.values import is_cut
from catchments.readers.report import Report

Known = Mapping[str, Catchment]


def coded(areas: Sequence[Area], known: Known, report: Report) -> dict[str, Area]:
    """Return areas by the code of the catchment that each is.

    A code that the file gives counts; without one, the one known catchment of that name; else a
    code is made of the name. Raises FileRefused where a code or a name stands for several.
    """
    found: dict[str, Area] = {}
    codes = KnownCodes(known)
    for area in areas:
        _doubt(area, known, report)
        if area.code:
            _take(found, _given(area, codes, report), area)
    unnamed = [area for area in areas if not area.code]
    _refuse_repeated(unnamed, known)
    names = by_name((catchment.name, catchment.code) for catchment in known.values())
    for area in unnamed:
        _take(found, _by_name(area, names, known.keys(), found, report), area)
    _report_namesakes(found, report)
    # In the file's order: what came first is first.
    order = {id(area): at for at, area in enumerate(areas)}
    return dict(sorted(found.items(), key=lambda pair: order[id(pair[1])]))


def named(code: str, area: Area, known: Known, report: Report) -> str:
    """Return the name of an area's catchment; one that differs from the known is said."""
    before = known.get(code)
    if before is None or not area.name:
        if not area.name and before is None:
            raise FileRefused(
                f"The catchment {shown(code)} has no name: {area.where}.",
                next_step="Name it, or say with --name-field which field has the names.",
            )
        return area.name or (before.name if before else "")
    if area.name == tidy(before.name):
        return before.name
    if is_cut(area.name, before.name):
        what = f"{shown(area.name)} is cut off where a Shapefile has no more room"
        report.problem(area.where, what, "its known name is kept")
        return before.name
    if not area.code:  # it was found by its name, however that is spelled
        what = f"{shown(area.name)} is taken for {shown(before.name)}"
        report.problem(area.where, what, "its known spelling is kept")
        return before.name
    what = f"the catchment {shown(code)} is {shown(before.name)} until now"
    report.problem(area.where, what, f"renamed {shown(area.name)}")
    return area.name


def _doubt(area: Area, known: Known, report: Report) -> None:
    """Say where a code or a name is what a spreadsheet makes of another."""
    for what, text in (("code", area.code), ("name", area.name)):
        if area.code not in known and (doubt := doubt_of(text)):
            report.problem(area.where, f"its {what} {doubt}", "taken as it stands")


def _take(found: dict[str, Area], code: str, area: Area) -> None:
    _refuse_long(code)
    if code in found:
        raise FileRefused(
            f"The code {shown(code)} is given to {shown(found[code].called)} and again to"
            f" {shown(area.called)} ({area.where}).",
            next_step="Give each catchment a code of its own.",
        )
    found[code] = area


def _given(area: Area, codes: KnownCodes, report: Report) -> str:
    code = codes.meant(area.code)
    if code == area.code:
        return code
    what = f"the code {shown(area.code)} is taken for {shown(code)}"
    report.problem(area.where, what, "no other code is like it")
    return code


def _refuse_repeated(areas: Iterable[Area], known: Known) -> None:
    """Refuse two areas of a known catchment's name: which of both it is can only be asked."""
    names = {matching_key(catchment.name) for catchment in known.values()}
    for key, several in by_name((area.name, area) for area in areas).items():
        if key in names and len(several) > 1:
            raise FileRefused(
                f"{len(several)} areas are called {shown(several[0].name)}:"
                f" {' and '.join(area.where for area in several[:3])}.",
                next_step="Give them codes, in a column named code, or different names.",
                rows=[area.where for area in several],
            )


def _by_name(
    area: Area,
    names: Mapping[str, Sequence[str]],
    known: Collection[str],
    found: Mapping[str, Area],
    report: Report,
) -> str:
    alike = names.get(matching_key(area.name), ())
    if len(alike) > 1:
        raise FileRefused(
            f"{len(alike)} catchments are called {shown(area.name)}: {', '.join(sorted(alike))}"
            f" ({area.where}).",
            next_step="Say which by its code, in a column named code.",
        )
    if alike and alike[0] not in found:
        report.count("catchments matched by name")
        return alike[0]
    return _unused(code_of(area.name), known, found)


def _unused(code: str, known: Collection[str], found: Collection[str]) -> str:
    """Return a code, with a number if another has it already."""
    tried = (code if n == 1 else f"{code}-{n}" for n in range(1, len(known) + len(found) + 2))
    return next(each for each in tried if each not in known and each not in found)


def _report_namesakes(found: Mapping[str, Area], report: Report) -> None:
    first: dict[str, str] = {}
    for code, area in found.items():
        earlier = first.setdefault(matching_key(area.name), code)
        if area.name and earlier != code:
            what = f"has the same name as {earlier}"
            report.problem(area.name, what, f"kept apart, as {code}")


def _refuse_long(code: str) -> None:
    if len(code) > GIVEN_AT_MOST:
        raise FileRefused(
            f"The code {shown(code)} has {len(code)} characters.",
            allowed=f"A catchment's code may have {GIVEN_AT_MOST}.",
            next_step="Shorten it, or name another column with --code-field.",
        )
