"""Live totals: what somebody's drawing would move, asked for by the page while they draw.

Asked with what is in the form, and answered with the draft's own index and the impact's own sums.
Nothing is changed or kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import shapely
from flask import Response, request
from flask_babel import gettext
from shapely.geometry.base import BaseGeometry

from catchments.changes.kinds.split_catchment import SplitCatchment
from catchments.core.errors import CatchmentsError, InputRefused
from catchments.core.model import Catchment, Edition
from catchments.core.roles import Action
from catchments.editions.impact.live_totals import Load, SideTotals, going, live_totals
from catchments.editions.impact.tables import NOTHING, Numbers, numbers_of
from catchments.geometry.changing_index import boundaries_touching
from catchments.geometry.coordinates import area_m2, geometry_to_360
from catchments.geometry.outlines import CORNERS_AT_MOST
from catchments.geometry.shape_text import AREAS, LINES, shape_of
from catchments.web.accounts.access import requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.forms.areas import checked
from catchments.web.staff.forms.fields import FormRefused
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import answers_of, base_of, bench, stated_rates

NAMED_AT_MOST = 5
LARGEST_QUESTION_BYTES = 4 << 20
NEW = "NEW-WHILE-DRAWN"
"""Stands for the code that a new catchment will get."""


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """What a page asks: what is drawn, and what is chosen in its form."""

    mode: Literal["area", "line", "schools"]
    drawn: str = ""
    numbers: list[int] = []
    to: str = ""
    givers: list[str] = []
    catchment: str = ""
    side: str = ""
    provider: str = ""


@blueprint.post("/drafts/<int:draft>/totals")
@requires(Action.EDIT, at_most=LARGEST_QUESTION_BYTES)
def totals(draft: int) -> Response:
    """Say what a drawing would move: of whom, to whom, and their load before and after."""
    worked = draft_view.working_on(draft_view.read(draft))
    try:
        told = _told(_question(), worked)
    except FormRefused as refused:
        told = {"problem": " ".join(each.text for each in refused.wrongs)}
    except CatchmentsError as error:
        told = {"problem": str(error)}
    return _json({"version": worked.draft.version, **told})


@blueprint.get("/drafts/<int:draft>/load.json")
@requires(Action.READ)
def load(draft: int) -> Response:
    """Say who serves each catchment of a draft, how much they have and what their contract is."""
    worked = draft_view.working_on(draft_view.read(draft))
    content = worked.content
    _, by_provider = numbers_of(answers_of(worked), stated_rates(), _on(worked))
    told = {
        code: _load(Load(provider.name, mine, mine, contract.capacity if contract else None))
        for code, catchment in content.catchments.items()
        if (provider := content.provider_of(catchment))
        for mine in [by_provider.get(provider.code, NOTHING)]
        for contract in [content.contracts.get(provider.code)]
    }
    return _json({"catchments": told})


@blueprint.get("/still-here")
@requires(Action.READ)
def still_here() -> Response:
    """Note that somebody is at work on a page that has sent nothing for a while."""
    return Response(status=204)


def _question() -> Question:
    try:
        return msgspec.json.decode(request.get_data(), type=Question)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputRefused(gettext("That is no question about a drawing.")) from error


def _told(asked: Question, worked: DraftState) -> dict[str, Any]:
    content = worked.content
    if asked.mode == "line":
        return _of_line(asked, worked)
    to = content.catchments.get(asked.to)
    if asked.mode == "schools":
        moving = set(asked.numbers) & answers_of(worked).keys()
        return _sides(worked, moving, to) if to else {"moving": _moving(worked, moving)}
    area = geometry_to_360(checked(_shape(asked.drawn, AREAS), "drawn", AREAS))
    chosen = set(asked.givers) or set(content.catchments)
    givers = chosen - {asked.to}
    touched = boundaries_touching(content.boundaries, area)
    giving = {code: shape for code, shape in touched.items() if code in givers}
    if not giving:
        return {
            "problem": gettext("It lies in no catchment that gives: in the sea, or in who gets.")
        }
    whole = [code for code, shape in giving.items() if shapely.covers(area, shape)]
    if whole:
        return {"problem": _would_take(whole, content)}
    moving = going(answers_of(worked), _inside(area, worked), givers)
    about = {"area_km2": round(area_m2(area) / 1e6, 1)}
    return {**about, **(_sides(worked, moving, to) if to else {"moving": _moving(worked, moving)})}


def _would_take(whole: list[str], content: Edition) -> str:
    """Return that an area would leave nothing of some catchments, as it is refused when added."""
    names = ", ".join(f"{content.catchments[code].name} ({code})" for code in whole[:NAMED_AT_MOST])
    said: str = gettext(
        "It would take the whole of %(names)s: a transfer leaves something to who gives. Merge "
        "the catchments instead, or draw a smaller area.",
        names=names,
    )
    return said


def _of_line(asked: Question, worked: DraftState) -> dict[str, Any]:
    """Return what a split moves: into a catchment that is not there yet."""
    content = worked.content
    old = content.catchments.get(asked.catchment)
    if old is None:
        return {}
    line = checked(_shape(asked.drawn, LINES), "drawn", LINES)
    provider = asked.provider if asked.provider in content.providers else old.provider_code
    new = Catchment(NEW, gettext("the new catchment"), old.education_region, provider)
    side: Literal["left", "right"] = "right" if asked.side == "right" else "left"
    cut = SplitCatchment(old.code, line, new, side).apply(content).boundaries[NEW]
    area = geometry_to_360(cut)
    moving = going(answers_of(worked), _inside(area, worked), {old.code})
    return {"area_km2": round(area_m2(area) / 1e6, 1), **_sides(worked, moving, new)}


def _shape(text: str, kinds: Any) -> BaseGeometry:
    return shape_of(text, kinds, vertices_at_most=CORNERS_AT_MOST)


def _inside(area: BaseGeometry, worked: DraftState) -> Mapping[int, Any]:
    # Of the very schools that the impact asks about.
    return bench().workbench.schools.touching(base_of(worked).release.schools, area)


def _sides(worked: DraftState, moving: set[int], to: Catchment) -> dict[str, Any]:
    answers, rates, on = answers_of(worked), stated_rates(), _on(worked)
    sides = live_totals(worked.content, answers, moving, to, rates, on)
    return {"moving": _moving(worked, moving), "sides": [_side(each) for each in sides]}


def _moving(worked: DraftState, moving: set[int]) -> dict[str, float]:
    answers = answers_of(worked)
    by_catchment, _ = numbers_of({n: answers[n] for n in moving}, stated_rates(), _on(worked))
    return _numbers(sum(by_catchment.values(), NOTHING))


def _on(worked: DraftState) -> Any:
    return worked.draft.effective_from or service().snapshots.current().today


def _side(side: SideTotals) -> dict[str, Any]:
    return {
        "code": "" if side.code == NEW else side.code,
        "name": side.name,
        "gets": side.gets,
        "before": _numbers(side.before),
        "after": _numbers(side.after),
        "load": side.load and _load(side.load),
    }


def _load(load: Load) -> dict[str, Any]:
    return {
        "provider": load.name,
        "before": round(load.before.estimated_absent),
        "after": round(load.after.estimated_absent),
        "capacity": load.capacity,
    }


def _numbers(numbers: Numbers) -> dict[str, float]:
    return {
        "schools": numbers.schools,
        "students": numbers.students,
        "absent": round(numbers.estimated_absent),
    }


@blueprint.get("/drafts/<int:draft>/boundary.json")
@requires(Action.READ)
def draft_boundary(draft: int) -> Response:
    """Give a catchment's boundary as a draft has it now, whole: for near by, and to snap to."""
    worked = draft_view.working_on(draft_view.read(draft))
    boundary = worked.content.boundaries.get(request.args.get("catchment", ""))
    geometry = b"null" if boundary is None else shapely.to_geojson(boundary).encode()
    head = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
    return Response(head + geometry + b"}]}", content_type="application/geo+json")


def _json(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")
