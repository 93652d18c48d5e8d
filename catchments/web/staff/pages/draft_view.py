"""A draft that is being worked on: what its changes make of its base, and how one is added.

What a draft's content is depends on its number and its version alone, so it is kept under both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

import shapely
from flask import current_app, flash, redirect, request, url_for
from flask_babel import gettext
from shapely.geometry.base import BaseGeometry
from werkzeug.wrappers import Response as AnyResponse

from catchments.changes.change import Change, apply_all
from catchments.core.errors import (
    ChangeDoesNotFit,
    InputRefused,
    NothingPublished,
    NotKnown,
    NotNow,
    shown,
)
from catchments.core.model import DirectoryRelease, Edition, School
from catchments.geometry.changing_index import IndexedBoundaries
from catchments.lookup.snapshot import Published, Snapshot
from catchments.lookup.values import whole_number
from catchments.runtime.recent import Recent
from catchments.store import Draft
from catchments.store.drafts.records import EDITABLE
from catchments.store.drafts.repository import (
    DraftRepository,
    ExpectedVersion,
    checked_key,
)
from catchments.store.integrity.audit import AuditEntry, AuditTrail
from catchments.web.accounts.access import me
from catchments.web.common.i18n import moment
from catchments.web.common.services import service

KEPT = "catchments.working"
DRAFTS_KEPT, DRAFTS_BYTES = 24, 64_000_000
"""Versions of drafts, and what they may hold beside their bases."""
BASES_HELD = 3
"""Editions that those versions are made from: each holds an index of tens of megabytes."""
BYTES_A_VERTEX = 40
"""Of a boundary that was worked with: sixteen for its place, the rest for what finds it."""
TRIED = "catchments.tried"
TRIED_KEPT = 4
"""Changes that are being looked over: one of a draft."""
ENTRIES_LOOKED_AT = 200


@dataclass(frozen=True)
class DraftState:
    """A draft with what its changes make of its base."""

    draft: Draft
    base: Snapshot | None
    """None where the draft starts from nothing."""
    content: Edition
    release: DirectoryRelease

    @property
    def schools(self) -> Mapping[int, School]:
        """The schools of the directory, by number."""
        return self.release.schools


@dataclass(frozen=True, slots=True)
class DraftRead:
    """A draft as it was read, with the directory that it is worked on with."""

    draft: Draft
    """Without its changes, which may be large, where `known` says what they come to."""
    release: DirectoryRelease
    known: DraftState | None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Something that was done to a draft since a page of it was read."""

    who: str
    what: str
    at: str


def desk() -> DraftRepository:
    """Return the drafts of this service."""
    return DraftRepository(service().store)


def read(draft_id: int) -> DraftRead:
    """Return a draft as it is stored now, read once. Raises NotKnown."""
    release = release_for(service().snapshots.current())
    known: DraftState | None = None

    def is_known(head: Draft) -> bool:
        nonlocal known
        known = _kept().known((head.id, head.version, release.number))
        return known is not None

    try:
        draft = desk().draft(draft_id, unless=is_known)
    except NotKnown as error:
        raise NotKnown(error.problem, next_step="Choose one from the list of drafts.") from error
    return DraftRead(draft, release, known)


def working_on(found: DraftRead) -> DraftState:
    """Return a draft with what its changes make of its base.

    Raises NotKnown for a base edition that is not there; ChangeDoesNotFit where a change does not
    fit any more.
    """
    if found.known is not None:
        return found.known
    made = _made(found.draft, found.release)
    _kept().keep((made.draft.id, made.draft.version, found.release.number), made)
    return made


def open_to_changes(found: DraftRead) -> DraftState:
    """Return a draft that may be changed. Raises NotNow in any other state; see `working_on`."""
    working = working_on(found)
    draft = working.draft
    if draft.state not in EDITABLE:
        raise NotNow(
            f"Draft {draft.id} is {draft.state}.",
            allowed="Changes can be made only while a draft is being edited.",
            next_step="Look at the draft; an approver can send it back to be worked on.",
        )
    return working


def tried(working: DraftState, change: Change) -> DraftState:
    """Return a draft as it would be with one change more, which nothing is done to.

    Raises ChangeDoesNotFit. The one tried last is kept: it is looked over, drawn, and added.
    """
    key = (working.draft.id, working.draft.version, working.release.number)
    before, known, made = _tried().known(key, (None, None, None))
    if before is working and known == change:
        return made  # type: ignore[no-any-return]
    made = replace(working, content=after(working.content, change))
    _tried().keep(key, (working, change, made))
    return made


def beginning(found: DraftRead) -> Edition:
    """Return what a draft's changes are applied to. Raises ChangeDoesNotFit where it is gone."""
    return _begun(found.draft, found.release).content


def after(content: Edition, change: Change) -> Edition:
    """Return what a change makes of a draft's content, with its index kept in step."""
    return _indexed(change.apply(content), content.boundaries)


def add(working: DraftState, change: Change, seen: ExpectedVersion, *, upload: str = "") -> None:
    """Append a change to a draft; `upload` is the digest of the file that it was made from.

    Raises ChangeDoesNotFit, Stale or NotNow; then the draft is as it was.
    """
    content = tried(working, change).content
    sentence = change.describe(working.content)
    desk().add(working.draft.id, change, sentence, seen=seen, upload=upload)
    kept = desk().draft(working.draft.id)
    if kept.version == seen.version + 1 and kept.changes[-1:] == (change,):
        # What was just worked out need not be worked out again for the page that comes next.
        made = replace(working, draft=kept, content=content)
        _kept().keep((kept.id, kept.version, working.release.number), made)


def back_to(draft: int, said: str, saved: str | None = None) -> AnyResponse:
    """Go back to a draft; `saved` tells the browser which of the texts it keeps are safe here."""
    flash(said)
    return redirect(url_for("staff.draft", draft=draft, saved=saved), 303)


def seen_given() -> ExpectedVersion:
    """Return by whom a form was sent, and which version it was written for. Raises InputRefused."""
    text = request.form.get("version", "")
    number = whole_number(text)
    if number is None:
        raise InputRefused(
            f"The form's version is {shown(text)}.",
            field="version",
            next_step="Go back to the draft, load it again, and try again.",
        )
    return ExpectedVersion(me(), number, checked_key(request.form.get("once", "")))


def done_since(draft_id: int, version: int) -> list[Meanwhile]:
    """Return what was done to a draft since a version of it, the latest first."""
    names = desk().names_by_login()
    told = ((entry, json.loads(entry.detail)) for entry in _entries(draft_id))
    return [
        Meanwhile(
            names.get(entry.actor, entry.actor),
            _said(entry.action, detail),
            moment(datetime.fromisoformat(entry.at)),
        )
        for entry, detail in told
        if isinstance(at := detail.get("version"), int) and at > version
    ]


def release_for(world: Published) -> DirectoryRelease:
    """Return the school directory that drafts are made with. Raises NothingPublished."""
    snapshot = world.on(world.today)
    if snapshot is not None:
        return snapshot.release
    summary = world.timeline.release_on(world.today)
    if summary is None:
        raise NothingPublished("There is no school directory yet.")
    return service().store.release(summary.number)


def _kept() -> Recent:
    """Return what drafts came to, as far as it was worked out lately.

    It is by a draft's number, its version, and the number of the directory release.
    """
    kept: Recent = current_app.extensions.setdefault(KEPT, kept_drafts())
    return kept


def kept_drafts() -> Recent:
    """Return room for versions of drafts, bounded by what they drew and what they are made from."""
    return Recent(
        DRAFTS_KEPT,
        bytes_at_most=DRAFTS_BYTES,
        size_of=bytes_of,
        shared_at_most=BASES_HELD,
        shares=lambda state: state.base,
    )


def bytes_of(state: DraftState) -> int:
    """Return about how much memory a draft takes beside its base."""
    base = state.base.edition.boundaries if state.base else {}
    drawn = [b for code, b in state.content.boundaries.items() if base.get(code) is not b]
    return int(shapely.get_num_coordinates(drawn).sum()) * BYTES_A_VERTEX


def _tried() -> Recent:
    """Return what the changes that were looked over lately would make of their drafts."""
    kept: Recent = current_app.extensions.setdefault(
        TRIED,
        Recent(
            TRIED_KEPT,
            bytes_at_most=DRAFTS_BYTES / 4,
            size_of=lambda tried: bytes_of(tried[-1]),
            shared_at_most=BASES_HELD,
            shares=lambda tried: tried[-1].base,
        ),
    )
    return kept


def _made(draft: Draft, release: DirectoryRelease) -> DraftState:
    known = _longest_beginning(draft, release) or _begun(draft, release)
    rest = draft.changes[len(known.draft.changes) :]
    return replace(known, draft=draft, content=reduce(after, rest, known.content))


def _indexed(content: Edition, before: Mapping[str, BaseGeometry] | None = None) -> Edition:
    return replace(content, boundaries=IndexedBoundaries(content.boundaries, before))


def _longest_beginning(draft: Draft, release: DirectoryRelease) -> DraftState | None:
    """Return the version known that has the most of a draft's changes, and none besides."""
    same = [
        each
        for each in _kept().all()
        if (each.draft.id, each.draft.base_number) == (draft.id, draft.base_number)
        and each.release.number == release.number
        and each.draft.changes == draft.changes[: len(each.draft.changes)]
    ]
    return max(same, key=lambda each: len(each.draft.changes), default=None)


def _begun(draft: Draft, release: DirectoryRelease) -> DraftState:
    """Return a draft as it was before its first change."""
    empty = replace(draft, changes=())
    if draft.base_number is None:
        return DraftState(empty, None, Edition(), release)
    world = service().snapshots.current()
    if draft.base_number not in {each.number for each in world.timeline.editions}:
        raise ChangeDoesNotFit(
            gettext(
                "The draft is made from edition %(number)s, which has been withdrawn.",
                number=draft.base_number,
            ),
            next_step=gettext("Re-apply the draft on the edition that is in force instead of it."),
        )
    base = world.numbered(draft.base_number, release.number or 0)
    return DraftState(empty, base, _indexed(apply_all(base.edition, ())), release)


def _entries(draft_id: int) -> list[AuditEntry]:
    trail = AuditTrail(service().store)
    return trail.entries(matching={"subject": f"draft {draft_id}"}, at_most=ENTRIES_LOOKED_AT)


def _said(action: str, detail: Mapping[str, object]) -> str:
    sentence = detail.get("sentence")
    said = {
        "draft.change": gettext("added a change"),
        "draft.undo": gettext("undid a change"),
        "draft.redo": gettext("did a change again"),
        "draft.describe": gettext("changed the title or the reason"),
        "draft.take-over": gettext("took the draft over"),
        "draft.submit": gettext("handed the draft over for review"),
        "draft.send-back": gettext("sent the draft back"),
        "draft.take-back": gettext("took the draft back from review"),
        "draft.approve": gettext("approved the draft"),
        "draft.rebase": gettext("put the draft on another edition"),
        "draft.abandon": gettext("gave the draft up"),
    }.get(action, action)
    return f"{said}: {sentence}" if sentence else said
