"""Remarks: what of a draft a comment is about, as its form gives it."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from catchments.core.errors import InputRefused
from catchments.core.model import Edition, MatchKind, NamedPlace, PlaceKind
from catchments.core.text_folding import folded
from catchments.lookup.snapshot import Published
from catchments.store.drafts.comments import CHANGE, WHOLE, About
from catchments.store.drafts.reading import Step
from catchments.web.common.services import service
from catchments.web.staff.forms.fields import FormReader

LONGEST_CALLED = 500
NAMED_AT_MOST = 5


def about_given(
    typed: FormReader, steps: Sequence[Step], content: Edition | None, world: Published
) -> About:
    """Return what a comment is about; notes what is wrong with what was chosen or typed."""
    place = typed.line("place", gettext("a place"), required=False)
    names = {f"{CHANGE} {step.position}": step.sentence or step.kind for step in steps}
    chosen = typed.one_of("about", {"", *names}, gettext("what it is about"))
    if chosen and place:
        typed.refuse("place", gettext("Choose a change or name a place, not both."))
    if place:
        return _place(typed, place, content, world)
    return About(chosen, names[chosen][:LONGEST_CALLED]) if chosen in names else WHOLE


def _place(typed: FormReader, text: str, content: Edition | None, world: Published) -> About:
    catchments = content.catchments.values() if content else ()
    for each in catchments:
        if folded(text) in {folded(each.code), folded(each.name)}:
            return About(f"catchment {each.code}", f"{each.name} ({each.code})")
    try:
        found = service().finder(world).find(text, as_at=world.as_at(world.today), field="place")
    except InputRefused as error:
        typed.refuse("place", str(error))
        return WHOLE
    only = found.matches[0].named if found and len(found.matches) == 1 else None
    if only and (only.match is MatchKind.EXACT or only.kind is PlaceKind.POINT):
        return _about(only)
    meant = [match.named.name for match in found.matches[:NAMED_AT_MOST]] if found else []
    unknown = found.answer.sentence if found else gettext("No edition is in force yet.")
    several = gettext("That may mean several. Give a school's number or coordinates:")
    typed.refuse("place", several if meant else unknown, meant)
    return WHOLE


def _about(named: NamedPlace) -> About:
    if named.kind is PlaceKind.SCHOOL:
        number = named.schools[0].school_id
        return About(f"school {number}", f"{named.name} ({number})")
    if named.code:
        return About(f"{named.kind} {named.code}", f"{named.name} ({named.code})")
    if len(named.places) == 1:
        place = named.places[0]
        return About(f"point {place.lat:.5f} {place.lng:.5f}", named.name)
    return About(str(named.kind), named.name)
