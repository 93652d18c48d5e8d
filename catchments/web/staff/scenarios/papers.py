"""The decision paper of a draft or an edition: one page to print, and the impact as a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from flask_babel import gettext

from catchments.core.errors import NotKnown
from catchments.core.model import EditionSummary
from catchments.core.roles import Action
from catchments.store.drafts.reading import Step
from catchments.store.outbox.notices import SCHOOL, Announcement
from catchments.store.outbox.queue import NoticeRow, Outbox
from catchments.web.accounts.access import requires
from catchments.web.common.i18n import in_new_zealand, moment
from catchments.web.common.services import attached, service
from catchments.web.pages.edition_history import history_of
from catchments.web.spoken.dates import long_date
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages.draft_view import desk
from catchments.web.staff.pages.impact import rate_words
from catchments.web.staff.scenarios.standing import Standing, draft_standing, of_edition
from maps.exports.impact_workbook import MEDIA_TYPE, Paper, impact_xlsx

Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """Who is told: how many schools, and each provider with where the e-mail goes."""

    schools: int
    providers: tuple[Announcement | NoticeRow, ...]

    @classmethod
    def of(cls, told: Sequence[Announcement | NoticeRow]) -> Told:
        """Sort what is told by who is."""
        schools = [each for each in told if each.recipient_kind == SCHOOL]
        rest = tuple(each for each in told if each.recipient_kind != SCHOOL)
        return cls(len(schools), rest)


# --- a draft --------------------------------------------------------------------------------------


@blueprint.get("/drafts/<int:draft>/paper")
@requires(Action.READ)
def draft_paper(draft: int) -> Response:
    """Lay a draft on one page to print: what is to be decided, and what it comes to."""
    worked, standing = draft_standing(draft)
    head = worked.draft
    title = gettext("Draft %(number)s: %(title)s", number=head.id, title=head.title)
    steps = [step for step in desk().steps(draft) if not step.undone]
    return _paper(
        title,
        standing,
        reason=head.reason,
        state=head.state,
        steps=[step.sentence or step.kind for step in steps],
        decided=_decided_of_draft(draft, steps),
        told=Told.of(standing.told()),
        workbook="staff.draft_workbook",
        values={"draft": draft},
    )


@blueprint.get("/drafts/<int:draft>/impact.xlsx")
@requires(Action.READ)
def draft_workbook(draft: int) -> Response:
    """Give a draft's impact as a workbook."""
    worked, standing = draft_standing(draft)
    head = worked.draft
    about = [
        (gettext("Draft"), f"{head.id}: {head.title}"),
        (gettext("State"), head.state),
        (gettext("Reason"), head.reason),
        *_numbers_are_of(standing),
    ]
    return _workbook(about, standing, f"impact-draft-{draft}")


def _decided_of_draft(draft: int, steps: Sequence[Step]) -> Facts:
    head, names = desk().draft(draft, unless=lambda _: True), desk().names()
    command_line = gettext("the command line")
    made = dict.fromkeys(step.author or command_line for step in steps)
    approver = names.get(head.approver_id or 0)
    approved = gettext("nobody yet")
    if approver and head.approved_at:
        approved = f"{approver}, {moment(head.approved_at)}"
    return [
        (gettext("Begun by"), names.get(head.author_id or 0) or command_line),
        (gettext("Changes by"), ", ".join(made) or "–"),
        (gettext("Approved by"), approved),
    ]


# --- an edition -----------------------------------------------------------------------------------


@blueprint.get("/editions/<int:number>/paper")
@requires(Action.READ)
def edition_paper(number: int) -> Response:
    """Lay an edition on one page to print: what was decided, by whom, and what it changed."""
    edition, standing = _edition(number)
    drafts = desk()
    steps = drafts.sentences(edition.draft_id) if edition.draft_id is not None else []
    return _paper(
        gettext("Edition %(number)s: %(title)s", number=number, title=edition.title),
        standing,
        reason=edition.reason,
        state=gettext("withdrawn") if edition.withdrawn_at else gettext("published"),
        steps=steps,
        decided=[
            (gettext("Prepared by"), edition.author or gettext("the command line")),
            (gettext("Approved by"), edition.approved_by or "–"),
            (gettext("Published by"), edition.published_by or gettext("the command line")),
            (gettext("Published"), moment(edition.published_at)),
        ],
        told=Told.of(Outbox(service().store).notices(number)),
        workbook="staff.edition_workbook",
        values={"number": number},
        starts=edition.effective_from,
    )


@blueprint.get("/editions/<int:number>/impact.xlsx")
@requires(Action.READ)
def edition_workbook(number: int) -> Response:
    """Give an edition's impact as a workbook."""
    edition, standing = _edition(number)
    if standing is None:
        raise NotKnown(
            gettext("Edition %(number)s is a first one: it follows nothing.", number=number),
            next_step=gettext("Its schools are among the downloads."),
        )
    about = [
        (gettext("Edition"), f"{number}: {edition.title}"),
        (gettext("Reason"), edition.reason),
        *_numbers_are_of(standing),
    ]
    return _workbook(about, standing, f"impact-edition-{number}")


def _edition(number: int) -> tuple[EditionSummary, Standing | None]:
    edition = history_of(service().snapshots.current()).numbered(number)
    if edition is None:
        raise NotKnown(
            gettext("There is no edition %(number)s.", number=number),
            next_step=gettext("Choose one from the list of editions."),
        )
    return edition, of_edition(edition)


# --- how ------------------------------------------------------------------------------------------


def _paper(title: str, standing: Standing | None, **about: Any) -> Response:
    starts = about.pop("starts", standing.starts if standing else None)
    now = datetime.now().astimezone()
    return staff_page(
        "staff/paper.html",
        title,
        standing=standing,
        pictures=standing.pictures() if standing else ("", ""),
        starts=starts,
        made_at=in_new_zealand(now),
        **about,
    )


def _numbers_are_of(standing: Standing) -> Facts:
    starts = long_date(standing.starts) if standing.starts else gettext("not chosen yet")
    return [
        (gettext("In force from"), starts),
        (gettext("Impact"), standing.words),
        (gettext("Worked out for"), long_date(standing.found.on)),
        (gettext("Estimates"), rate_words(standing.found.rates)),
    ]


def _workbook(about: Facts, standing: Standing, name: str) -> Response:
    book = impact_xlsx(Paper(about, standing.found, standing.base.edition, standing.after.edition))
    return attached(book, MEDIA_TYPE, f"{name}.xlsx")
