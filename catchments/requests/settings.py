"""Settings of requests for support, from variables of their own: of the lookup's, mail alone.

Each is as the lookup's setting of the same name, with CATCHMENTS_REQUESTS_ in place of CATCHMENTS_.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from catchments.core.environment_values import count, fitting, switch
from catchments.core.errors import InputRefused
from catchments.core.settings import ROOT, SHORTEST_KEY, Settings, sqlite_url
from catchments.core.settings_file import take_in

OURS, THEIRS = "CATCHMENTS_REQUESTS_", "CATCHMENTS_"
DEFAULT_DATABASE_URL = sqlite_url(ROOT / "instance" / "requests" / "requests.sqlite")
DEFAULT_LOOKUP_URL = "http://127.0.0.1:8000"
OWN = (
    *("SECRET_KEY", "DATA_KEY", "KEYS", "PUBLIC_URL", "TRUSTED_HOSTS", "TRUSTED_PROXIES"),
    *("INSECURE_COOKIES", "SECOND_FACTOR", "BODY_WITHIN_S", "LOG"),
    *("AUDIT_OUT", "AUDIT_OUT_KEY", "AUDIT_OUT_EVERY_S"),
)
"""What is set for requests alone."""
OF_MAIL = ("SMTP_URL", "SMTP_IN_CLEAR", "MAIL_FROM")
"""What is taken from the lookup's settings where it is not set for requests."""
LONGEST_KEPT_YEARS = 50
_LOOKUP_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?")


@dataclass(frozen=True)
class RequestsSettings:
    """Settings of one process of requests."""

    accounts: Settings
    """What accounts, keys, names and mail need; of the lookup's settings no more than that."""
    lookup_url: str = DEFAULT_LOOKUP_URL
    lookup_key: str = field(default="", repr=False)
    """What the lookup counts this service's questions under."""
    with_nsn: bool = False
    """Whether a request may hold a National Student Number, whose use the law restricts."""
    kept_years: int = 7
    """How many years after it is closed a case is kept."""
    counts_key: str = field(default="", repr=False)
    """What the staff pages must send for counts of open cases; none are given if empty."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> RequestsSettings:
        """Read the variables that begin with CATCHMENTS_REQUESTS_.

        Unless an environment is given it is the process's own, with what the file of settings says
        put into it. Raises InputRefused.
        """
        if environment is None:
            take_in(os.environ)
            environment = os.environ
        return cls(
            accounts=_accounts(environment),
            lookup_url=_lookup_url(environment.get(f"{OURS}LOOKUP_URL") or DEFAULT_LOOKUP_URL),
            lookup_key=environment.get(f"{OURS}LOOKUP_KEY", ""),
            with_nsn=switch(environment, f"{OURS}NSN", "0"),
            kept_years=_kept_years(environment),
            counts_key=_counts_key(environment.get(f"{OURS}COUNTS_KEY", "")),
        )


def _accounts(environment: Mapping[str, str]) -> Settings:
    given = {
        "DATABASE_URL": environment.get(f"{OURS}DATABASE_URL") or DEFAULT_DATABASE_URL,
        # Whoever signs in here sees students: a second factor unless it is set otherwise.
        f"{THEIRS}SECOND_FACTOR": "all",
    }
    for name in (*OWN, *OF_MAIL):
        value = environment.get(f"{OURS}{name}", "")
        if not value and name in OF_MAIL:
            value = environment.get(f"{THEIRS}{name}", "")
        given |= {f"{THEIRS}{name}": value} if value else {}
    try:
        return Settings.from_environment(given)
    except InputRefused as refused:
        raise _of_ours(refused, environment) from refused


def _of_ours(refused: InputRefused, environment: Mapping[str, str]) -> InputRefused:
    """Return a refusal that names the variables as they are set."""

    def named(text: str) -> str:
        for name in (*OWN, *OF_MAIL):
            if name in OWN or environment.get(f"{OURS}{name}"):
                text = re.sub(rf"\b{THEIRS}{name}\b", f"{OURS}{name}", text)
        return text

    return InputRefused(
        named(refused.problem),
        field=named(refused.field),
        allowed=named(refused.allowed),
        next_step=named(refused.next_step),
    )


def _lookup_url(text: str) -> str:
    allowed = f"It must be as {DEFAULT_LOOKUP_URL}, perhaps with a path."
    return fitting(f"{OURS}LOOKUP_URL", text, _LOOKUP_URL.fullmatch, allowed).rstrip("/")


def _kept_years(environment: Mapping[str, str]) -> int:
    name = f"{OURS}KEPT_YEARS"
    years = count(environment, name, RequestsSettings.kept_years)
    if not 1 <= years <= LONGEST_KEPT_YEARS:
        raise InputRefused(
            f"{name} is {years}.",
            field=name,
            allowed=f"It must be a number of years from 1 to {LONGEST_KEPT_YEARS}.",
            next_step="Leave it out: closed cases are then kept for seven years.",
        )
    return years


def _counts_key(key: str) -> str:
    if key and len(key) < SHORTEST_KEY:
        raise InputRefused(
            f"{OURS}COUNTS_KEY has {len(key)} characters.",
            field=f"{OURS}COUNTS_KEY",
            allowed=f"It must have at least {SHORTEST_KEY}, at random.",
            next_step="Make one with `openssl rand -hex 32`; without one no counts are given.",
        )
    return key
