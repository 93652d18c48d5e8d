"""One small family of errors; each says what was given, what is allowed and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

SHOWN_CHARACTERS = 80


def shown(value: object) -> str:
    """Return `value` fit for a message: quoted, on one line, at most 80 characters of it."""
    text = str(value)
    kept = printable(text[:SHOWN_CHARACTERS])
    return f"“{kept}…”" if len(text) > SHOWN_CHARACTERS else f"“{kept}”"


def printable(text: str) -> str:
    """Return a text with a space for each character that cannot be printed."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str, at_most: int | None = None) -> str:
    """Return a text on one line, with one space between words, and cut where it is too long."""
    line = " ".join(printable(text).split())
    return line if at_most is None or len(line) <= at_most else f"{line[: at_most - 1]}…"


def first_of(texts: Sequence[str], at_most: int, *, by: str = ", ", then: str = " and ") -> str:
    """Return the first of some texts in a row, and how many more there are."""
    more = len(texts) - at_most
    return by.join(texts[:at_most]) + (f"{then}{more} more" if more > 0 else "")


def all_of(texts: Sequence[str]) -> str:
    """Return texts as a sentence lists them: “a, b and c”."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def long_date(day: date) -> str:
    """Return a date as people write it: “5 January 2026”."""
    return f"{day.day} {day:%B %Y}"


class Kind(StrEnum):
    """What kind of problem it is, for programs: the end of its address below /problems/.

    Stable: kinds are only ever added.
    """

    INVALID_VALUE = "invalid-value"
    UNKNOWN_PARAMETER = "unknown-parameter"
    REPEATED_PARAMETER = "repeated-parameter"
    MISSING_PARAMETER = "missing-parameter"
    CONFLICTING_PARAMETERS = "conflicting-parameters"
    OUT_OF_RANGE = "out-of-range"
    SWAPPED_COORDINATES = "swapped-coordinates"
    MISSING_SIGN = "missing-sign"
    REPEATED_MEMBER = "repeated-member"
    """A member of a JSON object that is there twice."""
    UNREADABLE_BODY = "unreadable-body"
    BAD_REQUEST = "bad-request"
    """What HTTP itself, or a form's token, makes unusable."""
    NOT_POSSIBLE = "not-possible"
    """What could not be done, for a reason that is said and is none of the others."""
    UNKNOWN_KEY = "unknown-key"
    NOT_ALLOWED = "not-allowed"
    NOT_FOUND = "not-found"
    """A school, catchment, provider, edition or file that there is not."""
    NO_SUCH_ADDRESS = "no-such-address"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_OFFERED = "not-offered"
    """A form that an answer is not to be had in."""
    CONFLICT = "conflict"
    CHANGE_DOES_NOT_FIT = "change-does-not-fit"
    CANNOT_BE_PUBLISHED = "cannot-be-published"
    STALE = "stale"
    TOO_SLOW = "too-slow"
    """A body whose rest did not come in time."""
    TOO_LARGE = "too-large"
    NOT_TAKEN = "not-taken"
    """A body of a media type, a character set or a compression that is not taken."""
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable"
    TOO_MANY_REQUESTS = "too-many-requests"
    HEADER_TOO_LONG = "header-too-long"
    SERVICE_ERROR = "service-error"
    NOTHING_PUBLISHED = "nothing-published"
    TOO_BUSY = "too-busy"
    DATABASE_AWAY = "database-away"


class CatchmentsError(Exception):
    """Something a person or another program can put right.

    `problem` is one sentence that names the thing and gives the value; `allowed` says what would
    have been taken; `next_step` says what to do. `str(error)` is all three.
    """

    def __init__(self, problem: str, *, allowed: str = "", next_step: str = "") -> None:
        super().__init__(" ".join(part for part in (problem, allowed, next_step) if part))
        self.problem = problem
        self.allowed = allowed
        self.next_step = next_step


class InputRefused(CatchmentsError):
    """A value from a person, a form or a URL that cannot be taken; `field` names it."""

    def __init__(
        self,
        problem: str,
        *,
        field: str = "",
        allowed: str = "",
        next_step: str = "",
        kind: Kind = Kind.INVALID_VALUE,
    ) -> None:
        super().__init__(problem, allowed=allowed, next_step=next_step)
        self.field = field
        self.kind = kind


class BodyTooLarge(CatchmentsError):
    """A body of more bytes or rows than are taken."""


class BodyNotTaken(CatchmentsError):
    """A body of a media type, a character set or a compression that is not taken."""


class FileRefused(CatchmentsError):
    """A file that cannot be imported; nothing of it was kept. `rows` names each row at fault."""

    def __init__(
        self,
        problem: str,
        *,
        allowed: str = "",
        next_step: str = "",
        rows: Sequence[str] = (),
    ) -> None:
        super().__init__(problem, allowed=allowed, next_step=next_step)
        self.rows = tuple(rows)


class NotKnown(CatchmentsError):
    """A school, catchment, edition or draft that does not exist."""


class NotAllowed(CatchmentsError):
    """Something that whoever asks for it has no role for."""


class PublicationRefused(CatchmentsError):
    """A draft that may not be published; `reasons` has a sentence for each thing in the way."""

    def __init__(self, problem: str, *, reasons: Sequence[str] = (), next_step: str = "") -> None:
        super().__init__(problem, next_step=next_step)
        self.reasons = tuple(reasons)


class ChangeDoesNotFit(CatchmentsError):
    """A change that cannot be applied to the edition it meets."""


class NothingPublished(CatchmentsError):
    """The store holds no edition or no school directory release to answer from."""


class Stale(CatchmentsError):
    """Somebody else has done something to a draft or a case since its page was read."""


def refuse_stale(what: str, is_at: int, seen: int, it: str = "it") -> None:
    """Raise Stale where a thing, also called `it`, is at another version than a page showed."""
    if is_at != seen:
        raise Stale(
            f"{what} has been changed since this page was read: it is at version {is_at}, and the "
            f"page showed version {seen}.",
            next_step=f"Look at {it} as it is now, then do it again if it is still wanted.",
        )


class NotNow(CatchmentsError):
    """What is asked cannot be done to a draft in its state."""
