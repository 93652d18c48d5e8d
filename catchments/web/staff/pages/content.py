"""The site's texts: all in a list with what is overdue first; each edited, published, compared.

A text is proposed by an editor and published by an approver who had no hand in it, as editions are:
what schools do on its word is no smaller matter than whom they call. To have compared a text with
its source changes no word of it, and is one person's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import NotKnown, Stale, long_date, shown
from catchments.core.roles import Action
from catchments.lookup.guidance import Guide, shipped_guides
from catchments.lookup.plain_markup import LONGEST, MarkupRefused, blocks
from catchments.lookup.site_texts import (
    Piece,
    Texts,
    in_force,
    is_overdue,
    piece_of,
    shipped_pages,
    shipped_pieces,
    texts_of,
)
from catchments.lookup.values import whole_number
from catchments.store.site.content import (
    PROPOSED,
    Contents,
    ContentVersion,
    Wording,
    hands_in,
)
from catchments.web.accounts.access import me, requires
from catchments.web.common.services import service
from catchments.web.pages.guide import version_of
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused

STALE = 412
CHECKED_FOR = timedelta(days=90)
"""So long a comparison is good for unless somebody says otherwise."""
LARGEST_FORM_BYTES = 128 << 10


@dataclass(frozen=True, slots=True)
class Row:
    """A text in the list."""

    id: str
    title: str
    on: str
    """The page that it is on, and that page's address."""
    path: str
    source: str
    url: str
    checked_on: date | None
    check_again_after: date | None
    overdue: bool
    edited: bool
    proposed: ContentVersion | None = None
    begins: date | None = None
    """From when a version holds that is published already."""


# --- views ----------------------------------------------------------------------------------------


@blueprint.get("/content")
@requires(Action.READ)
def content() -> Response:
    """List every text, what is overdue first."""
    today = _today()
    rows = [*_pieces(today), *_guides(today)]
    rows.sort(key=lambda row: (not row.overdue, row.check_again_after or date.min))
    return staff_page(
        "staff/content.html",
        gettext("Texts"),
        rows=rows,
        overdue=sum(row.overdue for row in rows),
        not_set=service().settings.owner.not_set,
        may_check=me().may(Action.EXPLAIN),
        until=today + CHECKED_FOR,
    )


def overdue_texts(today: date) -> int:
    """Return how many texts are to be compared with their sources again."""
    return sum(row.overdue for row in (*_pieces(today), *_guides(today)))


@blueprint.get("/content/<piece>")
@requires(Action.READ)
def text(piece: str) -> Response:
    """Show a text as it is, what is proposed, and its history."""
    known, today = _known(piece), _today()
    versions = Contents(service().store).versions(piece)
    last = _proposed(versions)
    return staff_page(
        "staff/content_piece.html",
        known.title,
        piece=_texts(versions).on(today, known),
        shipped=known,
        page=_page_of(piece),
        versions=versions[::-1],
        proposed=last,
        proposal=piece_of(last) if last else None,
        may_edit=me().may(Action.EDIT),
        may_check=me().may(Action.EXPLAIN),
        may_publish=me().may(Action.REVIEW) and me().login not in hands_in(versions),
        until=today + CHECKED_FOR,
        overdue=is_overdue(_texts(versions).on(today, known).check_again_after, today),
    )


@blueprint.get("/content/<piece>/edit")
@requires(Action.EDIT)
def edit_text(piece: str) -> Response:
    """Show the form of a text, as it is or as it was last proposed."""
    known = _known(piece)
    versions = Contents(service().store).versions(piece)
    return _form(known, versions, _as_typed(known, versions))


@blueprint.post("/content/<piece>/edit")
@requires(Action.EDIT, at_most=LARGEST_FORM_BYTES)
def propose_text(piece: str) -> AnyResponse:
    """Look a text over, or propose it."""
    known, typed = _known(piece), FormReader(request.form)
    versions = Contents(service().store).versions(piece)
    try:
        wording = _wording(typed)
    except FormRefused as refused:
        return _form(known, versions, request.form, wrongs=refused.wrongs)
    if typed.text("do") != "send":
        return _form(known, versions, request.form, preview=wording)
    seen = whole_number(typed.text("version")) or 0
    try:
        Contents(service().store).propose(piece, wording, seen=seen, by=me())
    except Stale:
        return _form(known, versions, request.form, stale=True)
    flash(gettext("The text is proposed. An approver who had no hand in it publishes it."))
    return redirect(url_for("staff.text", piece=piece), 303)


@blueprint.post("/content/<piece>/publish")
@requires(Action.REVIEW)
def publish_text(piece: str) -> AnyResponse:
    """Let what is proposed hold from its day."""
    _known(piece)
    contents = Contents(service().store)
    begins = contents.publish(piece, _version_given(), today=_today(), by=me())
    flash(gettext("The text holds from %(day)s.", day=long_date(begins)))
    return redirect(url_for("staff.text", piece=piece), 303)


@blueprint.post("/content/<piece>/drop")
@requires(Action.EDIT, Action.REVIEW)
def drop_text(piece: str) -> AnyResponse:
    """Put what is proposed aside."""
    _known(piece)
    Contents(service().store).drop(piece, _version_given(), by=me())
    flash(gettext("What was proposed is put aside. The text stays as it is."))
    return redirect(url_for("staff.text", piece=piece), 303)


@blueprint.post("/content/<piece>/check")
@requires(Action.EXPLAIN)
def check_text(piece: str) -> AnyResponse:
    """Note that a text was compared with its source today."""
    digest, today = _digest_of(piece), _today()
    until = FormReader(request.form).day("until") or today + CHECKED_FOR
    Contents(service().store).confirm(piece, digest, on=today, until=until, by=me())
    flash(gettext("Noted: checked today. To be checked again after %(day)s.", day=long_date(until)))
    return redirect(url_for("staff.content"), 303)


# --- what there is --------------------------------------------------------------------------------


def _today() -> date:
    return service().snapshots.current().today


def _known(piece: str) -> Piece:
    pieces = shipped_pieces()
    if piece not in pieces:
        raise NotKnown(
            gettext("There is no text %(id)s.", id=shown(piece)),
            next_step=gettext("See the list of texts."),
        )
    return pieces[piece]


def _page_of(piece: str) -> str:
    pages = shipped_pages().values()
    return next(page.page for page in pages if any(each.id == piece for each in page.pieces))


def _texts(versions: list[ContentVersion]) -> Texts:
    return texts_of(versions, Contents(service().store).checks())


def _proposed(versions: list[ContentVersion]) -> ContentVersion | None:
    return versions[-1] if versions and versions[-1].state == PROPOSED else None


def _pieces(today: date) -> Iterator[Row]:
    every = Contents(service().store).versions()
    texts = _texts(every)
    for page in shipped_pages().values():
        for shipped in page.pieces:
            piece = texts.on(today, shipped)
            of_it = [each for each in every if each.piece == shipped.id]
            later = [
                e for e in texts.edited if e.piece.id == shipped.id and e.effective_from > today
            ]
            yield Row(
                id=shipped.id,
                title=piece.title,
                on=page.title,
                path=f"/{page.page}#{shipped.id}",
                source=piece.source.title,
                url=piece.source.url,
                checked_on=piece.checked_on,
                check_again_after=piece.check_again_after,
                overdue=is_overdue(piece.check_again_after, today),
                edited=in_force(texts.edited, shipped.id, today) is not None,
                proposed=_proposed(of_it),
                begins=min((each.effective_from for each in later), default=None),
            )


def _guides(today: date) -> Iterator[Row]:
    """Yield the guides in force and to come; they are changed by adding a file."""
    texts = _texts([])
    guides = shipped_guides()
    begun = [guide for guide in guides if guide.effective_from <= today]
    for guide in (*begun[-1:], *(g for g in guides if g.effective_from > today)):
        check = texts.latest_check(version_of(guide))
        until = check.check_again_after if check else guide.source.check_again_after
        yield Row(
            id=_guide_id(guide),
            title=gettext("When to ask, from %(day)s", day=long_date(guide.effective_from)),
            on=gettext("When to ask for support"),
            path="/when-to-ask",
            source=guide.source.title,
            url=guide.source.url,
            checked_on=check.checked_on if check else guide.source.checked_on,
            check_again_after=until,
            overdue=is_overdue(until, today),
            edited=False,
        )


def _guide_id(guide: Guide) -> str:
    return f"guide-{guide.effective_from}"


def _digest_of(piece: str) -> str:
    guides = {_guide_id(guide): guide for guide in shipped_guides()}
    if piece in guides:
        return version_of(guides[piece])
    shipped = _known(piece)
    versions = Contents(service().store).versions(piece)
    return _texts(versions).on(_today(), shipped).digest


# --- the form -------------------------------------------------------------------------------------


def _version_given() -> int:
    return whole_number(FormReader(request.form).text("version")) or 0


def _wording(typed: FormReader) -> Wording:
    """Return what the form proposes. Raises FormRefused."""
    today = _today()
    title = typed.line("title", gettext("a heading"))
    given = typed.paragraph("text", gettext("the text"), at_most=LONGEST)
    _refuse_markup(typed, given)
    source_title = typed.line("source_title", gettext("where it comes from"))
    url = typed.website("source_url")
    if url and not url.startswith("https://"):
        typed.refuse("source_url", gettext("Enter a web address that begins with https://."))
    note = typed.line("source_note", "", required=False, at_most=500)
    checked_on = _day(typed, "checked_on", gettext("when it was checked"), latest=today)
    until = _day(typed, "check_again_after", gettext("a day to check it again"), after=today)
    begins = _day(typed, "effective_from", gettext("from when it holds"), earliest=today)
    typed.check()
    days = [day for day in (checked_on, until, begins) if day]  # all three: else `check` has raised
    return Wording(title, given, source_title, url, note, *days)


def _refuse_markup(typed: FormReader, given: str) -> None:
    try:
        if given:
            blocks(given)
    except MarkupRefused as refused:
        said = gettext("Line %(line)s: %(problem)s", line=refused.line, problem=str(refused))
        typed.refuse("text", said)


def _day(
    typed: FormReader,
    field: str,
    what: str,
    *,
    earliest: date = date.min,
    latest: date = date.max,
    after: date = date.min,
) -> date | None:
    day, known = typed.day(field), len(typed.wrongs)
    if day is None:
        if not typed.text(field):
            typed.refuse(field, gettext("Enter %(what)s.", what=what))
    elif day < earliest or day <= after:
        typed.refuse(field, gettext("%(day)s has passed.", day=long_date(day)))
    elif day > latest:
        typed.refuse(field, gettext("%(day)s is still to come.", day=long_date(day)))
    return day if len(typed.wrongs) == known else None


def _as_typed(known: Piece, versions: list[ContentVersion]) -> Mapping[str, str]:
    today, last = _today(), _proposed(versions)
    piece = piece_of(last) if last else _texts(versions).on(today, known)
    return {
        "title": piece.title,
        "text": piece.text,
        "source_title": piece.source.title,
        "source_url": piece.source.url,
        "source_note": piece.source.note,
        "checked_on": today.isoformat(),
        "check_again_after": (today + CHECKED_FOR).isoformat(),
        "effective_from": max(last.effective_from if last else today, today).isoformat(),
    }


def _form(
    known: Piece,
    versions: list[ContentVersion],
    typed: Mapping[str, str],
    *,
    wrongs: tuple[FieldError, ...] = (),
    preview: Wording | None = None,
    stale: bool = False,
) -> Response:
    return staff_page(
        "staff/content_edit.html",
        gettext("Edit: %(title)s", title=known.title),
        piece=known,
        typed=typed,
        wrongs=wrongs,
        preview=preview,
        stale=stale,
        status=STALE if stale else 0,
        last=versions[-1] if versions else None,
        version=versions[-1].version if versions else 0,
    )
