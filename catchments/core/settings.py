"""Settings: what whoever runs the service may set, read from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catchments.core.environment_values import CORRECT_IT, count, fitting, seconds, switch
from catchments.core.errors import InputRefused, shown
from catchments.core.mail_server import EMAIL, MailServer, mail_server
from catchments.core.map_tiles import MapTiles, map_tiles
from catchments.core.openid_connect import OpenIdConnect, openid_connect
from catchments.core.roles import Role
from catchments.core.settings_file import take_in
from catchments.core.site_owner import SiteOwner, site_owner

_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:([0-9]{1,5}|\*))?")
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_CONTACT = re.compile(
    r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?|tel:\+?[0-9-]{3,30}"
    r"|mailto:[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]+"
)
_TRUSTED_HOST = re.compile(r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]{2,45}\]")
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
_HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])"
_AUDIT_OUT = re.compile(
    rf"syslog:///[!-~]+|syslog(?:\+tcp)?://{_HOST}(?::[0-9]{{1,5}})?/?"
    rf"|mailto:{EMAIL.pattern}|https://{_HOST}(?::[0-9]{{1,5}})?(?:/[!-~]*)?"
)
SHORTEST_KEY = 32
_MAKE_ONE = "Make one with `openssl rand -hex 32`."
UNFENCED_FILES = "CATCHMENTS_UNFENCED_FILES"
"""The variable, which programs that read files look at as well."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")
ROOT = Path(__file__).resolve().parents[2]


def sqlite_url(path: Path) -> str:
    """Return the database URL of an SQLite file, whatever its name and its folders' names hold."""
    # In a URL a question mark begins the options, and a percent sign a character.
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


DEFAULT_DATABASE_URL = sqlite_url(ROOT / "instance" / "catchments.sqlite")
DEFAULT_ADDRESSES_PATH = ROOT / "instance" / "addresses.sqlite"


@dataclass(frozen=True)
class Settings:
    """Settings of one process."""

    database_url: str = DEFAULT_DATABASE_URL
    addresses_path: Path = DEFAULT_ADDRESSES_PATH
    """The address book's file; without one, addresses are not known."""
    refresh_s: float = 2.0
    """How often a worker asks the database whether anything was published, in seconds."""
    max_age_s: int = 60
    """How long a response may be kept by caches, in seconds; never past the next edition."""
    rate_limit: int = 6_000
    """How many requests a minute one address may make of a worker without a key; 0 for any."""
    miss_limit: int = 600
    """How many requests a minute of one address may find nothing, or have a wrong key; 0 for any.

    Of a worker, as `rate_limit`; without that there is none."""
    work_limit_s: int = 20
    """How many seconds of a worker's work a minute one address may have without a key; 0 for any.

    Beyond it no bulk request is taken, beyond twice as much none; without `rate_limit` any is."""
    body_within_s: float = 15.0
    """How long the first 64 kB of a body may take, in seconds; the rest comes at 8 kB a second."""
    trusted_proxies: int = 0
    """How many reverse proxies stand in front, each of which says for whom it asks."""
    embed_on: tuple[str, ...] = ()
    """Origins of the websites that may show /embed in a frame, such as https://school.example."""
    geocoder: str = ""
    """Which geocoder elsewhere is asked for addresses that are not known here; none if empty."""
    geocoder_options: str = "{}"
    """What that geocoder needs, as JSON: a key, a domain, a user agent."""
    geocoder_timeout_s: float = 2.0
    tiles: MapTiles | None = None
    """What lies below the catchments on a map, from somebody else's server; nothing if None."""
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    """What the staff's sessions are signed with, the first; the others are still known.

    If empty, a file of this machine holds one."""
    data_keys: tuple[str, ...] = field(default=(), repr=False)
    """What secrets in the database are sealed with, the first; the others still unseal.

    If empty, a file of this machine holds one."""
    keys_folder: Path | None = None
    """Where the files of keys are; if None, beside the SQLite file, see `folder_of_keys`."""
    insecure_cookies: bool = False
    """Whether staff may sign in over plain HTTP from other machines: for trials alone."""
    local_sign_in: bool = True
    """Whether staff sign in with a password that is kept here."""
    oidc: OpenIdConnect | None = None
    """Where staff sign in instead, or as well; nowhere else if None."""
    second_factor: frozenset[Role] = frozenset({Role.APPROVER, Role.ADMINISTRATOR})
    """The roles that show something beside a password when they sign in: an app's code, a passkey.

    Whoever has set one up is asked for it, whatever their role.
    """
    mail: MailServer | None = None
    """Where e-mails are handed over; none are sent if None."""
    unfenced_files: bool = False
    """Whether files that only large libraries read are taken where nothing fences those."""
    webhooks_to_private: bool = False
    """Whether webhooks may be on this machine or in a private network."""
    log: str = "text"
    """How logs are written: as `text`, or as `json`, an object a line."""
    access_log: bool = False
    """Whether each request is logged: by route, without what was asked or by whom."""
    metrics_token: str = field(default="", repr=False)
    """What Prometheus must send for /metrics; if empty, only this very machine may read it."""
    public_url: str = ""
    """Where the public finds this service, such as https://attendance.example; none if empty."""
    trusted_hosts: tuple[str, ...] = ()
    """Under which names this service may be asked; a dot before one takes in all names below it.

    Under any if empty."""
    audit_out: str = field(default="", repr=False)
    """Where the audit trail's last hash goes out to, as a URL; nowhere if empty."""
    audit_out_key: str = field(default="", repr=False)
    """What a webhook that it goes out to knows that it is ours by."""
    audit_out_every_s: float = 300.0
    """How often it goes out at most, in seconds."""
    security_contacts: tuple[str, ...] = ()
    """Whom to tell of a weakness, as URIs, the one preferred first; nobody is named if empty."""
    reports_kept_days: int = 180
    """After how many days what somebody said is wrong with a page is deleted."""
    requests_counts_key: str = field(default="", repr=False)
    """What requests for support are asked under how many cases a draft would move; if empty they
    are not asked."""
    owner: SiteOwner = field(default_factory=SiteOwner)
    """Whose website it is; pages say what is set, and no more."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read DATABASE_URL and the variables that begin with CATCHMENTS_.

        Unless an environment is given it is the process's own, with what the file of settings says
        put into it. Raises InputRefused for what is no number or no origin.
        """
        if environment is None:
            take_in(os.environ)
            environment = os.environ
        return cls(
            database_url=environment.get("DATABASE_URL") or DEFAULT_DATABASE_URL,
            addresses_path=Path(
                environment.get("CATCHMENTS_ADDRESSES") or DEFAULT_ADDRESSES_PATH
            ).expanduser(),
            refresh_s=seconds(environment, "CATCHMENTS_REFRESH_S", cls.refresh_s, least=0.1),
            max_age_s=int(seconds(environment, "CATCHMENTS_MAX_AGE_S", cls.max_age_s)),
            rate_limit=count(environment, "CATCHMENTS_RATE_LIMIT", cls.rate_limit),
            miss_limit=count(environment, "CATCHMENTS_MISS_LIMIT", cls.miss_limit),
            work_limit_s=count(environment, "CATCHMENTS_WORK_LIMIT_S", cls.work_limit_s),
            body_within_s=seconds(
                environment, "CATCHMENTS_BODY_WITHIN_S", cls.body_within_s, least=1.0
            ),
            trusted_proxies=count(environment, "CATCHMENTS_TRUSTED_PROXIES", cls.trusted_proxies),
            embed_on=tuple(map(_origin, environment.get("CATCHMENTS_EMBED_ON", "").split())),
            geocoder=environment.get("CATCHMENTS_GEOCODER", ""),
            geocoder_options=environment.get("CATCHMENTS_GEOCODER_OPTIONS") or "{}",
            geocoder_timeout_s=seconds(
                environment, "CATCHMENTS_GEOCODER_TIMEOUT_S", cls.geocoder_timeout_s, least=0.1
            ),
            tiles=map_tiles(environment),
            **_signing_in(environment),
            **_telling(environment),
            **_watching(environment),
        )


def _telling(environment: Mapping[str, str]) -> dict[str, Any]:
    public_url = _public_url(environment.get("CATCHMENTS_PUBLIC_URL", ""))
    mail = mail_server(environment)
    return {
        "mail": mail,
        **_trail(environment, mail),
        "webhooks_to_private": switch(environment, "CATCHMENTS_WEBHOOKS_TO_PRIVATE", "0"),
        "public_url": public_url,
        "trusted_hosts": _trusted_hosts(
            environment.get("CATCHMENTS_TRUSTED_HOSTS", ""), public_url
        ),
        "security_contacts": _contacts(environment.get("CATCHMENTS_SECURITY_CONTACT", "")),
        "requests_counts_key": environment.get("CATCHMENTS_REQUESTS_COUNTS_KEY", ""),
        "owner": site_owner(environment),
    }


def _watching(environment: Mapping[str, str]) -> dict[str, Any]:
    kind = environment.get("CATCHMENTS_LOG") or "text"
    fits = ("text", "json").__contains__
    return {
        "log": fitting("CATCHMENTS_LOG", kind, fits, "It must be text or json."),
        "unfenced_files": switch(environment, UNFENCED_FILES, "0"),
        "access_log": switch(environment, "CATCHMENTS_ACCESS_LOG", "0"),
        "metrics_token": _metrics_token(environment),
        "reports_kept_days": _reports_kept_days(environment),
    }


def _reports_kept_days(environment: Mapping[str, str]) -> int:
    days = count(environment, "CATCHMENTS_REPORTS_KEPT_DAYS", Settings.reports_kept_days)
    if not 1 <= days <= 3_660:
        raise InputRefused(
            f"CATCHMENTS_REPORTS_KEPT_DAYS is {days}.",
            field="CATCHMENTS_REPORTS_KEPT_DAYS",
            allowed="It must be a number of days from 1 to 3660.",
            next_step="Leave it out: reports are then deleted after 180 days.",
        )
    return days


def _metrics_token(environment: Mapping[str, str]) -> str:
    token = environment.get("CATCHMENTS_METRICS_TOKEN", "")
    if token and not _TOKEN.fullmatch(token):
        raise InputRefused(
            f"CATCHMENTS_METRICS_TOKEN has {len(token)} characters.",
            field="CATCHMENTS_METRICS_TOKEN",
            allowed=f"It must have at least {SHORTEST_KEY}: letters, digits, and - . _ ~ + / =.",
            next_step=_MAKE_ONE,
        )
    return token


def _trail(environment: Mapping[str, str], mail: MailServer | None) -> dict[str, Any]:
    url = environment.get("CATCHMENTS_AUDIT_OUT", "")
    key = environment.get("CATCHMENTS_AUDIT_OUT_KEY", "")
    if url and not _AUDIT_OUT.fullmatch(url):
        # Not shown: what stands in an address may be what opens it.
        raise InputRefused(
            "CATCHMENTS_AUDIT_OUT is no address that the trail's last hash can go out to.",
            field="CATCHMENTS_AUDIT_OUT",
            allowed="It must be as syslog:///dev/log, syslog://host:514, syslog+tcp://host:601, "
            "mailto:auditors@ministry.example or https://host/path.",
            next_step="Leave it out to send it nowhere; the service then says so.",
        )
    if url.startswith("mailto:") and mail is None:
        raise InputRefused(
            "CATCHMENTS_AUDIT_OUT is an e-mail address, and CATCHMENTS_SMTP_URL is not set.",
            field="CATCHMENTS_AUDIT_OUT",
            next_step="Set the SMTP server, or another address.",
        )
    if url.startswith("https:") and len(key) < SHORTEST_KEY:
        raise InputRefused(
            f"CATCHMENTS_AUDIT_OUT_KEY has {len(key)} characters.",
            field="CATCHMENTS_AUDIT_OUT_KEY",
            allowed=f"For a webhook it must have at least {SHORTEST_KEY}, at random.",
            next_step=_MAKE_ONE,
        )
    every = seconds(environment, "CATCHMENTS_AUDIT_OUT_EVERY_S", 300.0, least=1.0)
    return {"audit_out": url, "audit_out_key": key, "audit_out_every_s": every}


def _public_url(text: str) -> str:
    allowed = "It must be as https://attendance.example, perhaps with a path."
    if text:
        fitting("CATCHMENTS_PUBLIC_URL", text, _PUBLIC_URL.fullmatch, allowed)
    return text.rstrip("/")


def _trusted_hosts(text: str, public_url: str) -> tuple[str, ...]:
    """Return the hosts that are named, the public address's and this machine's; none for any."""
    named = text.split()
    if named == ["*"] or not (named or public_url):
        return ()
    for name in named:
        fitting(
            *("CATCHMENTS_TRUSTED_HOSTS", name, _TRUSTED_HOST.fullmatch),
            "It must be names of hosts or addresses, without ports, parted by spaces; "
            "a dot before a name takes in all below it.",
            "For example attendance.example; * alone is for any.",
            says="names",
        )
    public = urlsplit(public_url).hostname
    return (*([public] if public else []), *named, *_THIS_MACHINE)


def _contacts(text: str) -> tuple[str, ...]:
    return tuple(
        f"mailto:{each}" if EMAIL.fullmatch(each) else _contact(each) for each in text.split()
    )


def _contact(text: str) -> str:
    # It becomes a line of security.txt: nothing but one address may pass.
    return fitting(
        *("CATCHMENTS_SECURITY_CONTACT", text, _CONTACT.fullmatch),
        "It must be e-mail addresses, or addresses that begin with https://, mailto: "
        "or tel:, parted by spaces.",
        "For example security@attendance.example; leave it out to name nobody.",
        says="names",
    )


def _signing_in(environment: Mapping[str, str]) -> dict[str, Any]:
    local = switch(environment, "CATCHMENTS_LOCAL_SIGN_IN", "1")
    oidc = openid_connect(environment)
    if not local and oidc is None:
        raise InputRefused(
            "CATCHMENTS_LOCAL_SIGN_IN is 0 and CATCHMENTS_OIDC_ISSUER is not set.",
            field="CATCHMENTS_LOCAL_SIGN_IN",
            allowed="Nobody could sign in.",
            next_step="Set the issuer, or leave the switch out.",
        )
    return {
        **_keys(environment),
        "insecure_cookies": switch(environment, "CATCHMENTS_INSECURE_COOKIES", "0"),
        "local_sign_in": local,
        "oidc": oidc,
        "second_factor": _second_factor(environment),
    }


def _second_factor(environment: Mapping[str, str]) -> frozenset[Role]:
    words = environment.get("CATCHMENTS_SECOND_FACTOR", "").split()
    if not words:
        return Settings.second_factor
    if words in (["all"], ["none"]):
        return frozenset(Role if words == ["all"] else ())
    if set(words) <= set(Role):
        return frozenset(map(Role, words))
    raise InputRefused(
        f"CATCHMENTS_SECOND_FACTOR is {shown(' '.join(words))}.",
        field="CATCHMENTS_SECOND_FACTOR",
        allowed=f"It must be roles parted by spaces ({', '.join(Role)}), or all, or none.",
        next_step="Leave it out: approvers and administrators then need a second factor.",
    )


def _keys(environment: Mapping[str, str]) -> dict[str, Any]:
    secret_keys = _key_setting(environment, "CATCHMENTS_SECRET_KEY")
    data_keys = _key_setting(environment, "CATCHMENTS_DATA_KEY")
    if set(secret_keys) & set(data_keys):
        raise InputRefused(
            "CATCHMENTS_DATA_KEY and CATCHMENTS_SECRET_KEY hold the same key.",
            field="CATCHMENTS_DATA_KEY",
            allowed="Each needs a key of its own.",
            next_step=_MAKE_ONE,
        )
    return {
        "secret_keys": secret_keys,
        "data_keys": data_keys,
        "keys_folder": _keys_folder(environment),
    }


def _keys_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder set; for a database elsewhere the one that the addresses' folder has."""
    if folder := environment.get("CATCHMENTS_KEYS"):
        return Path(folder).expanduser()
    addresses, url = environment.get("CATCHMENTS_ADDRESSES"), environment.get("DATABASE_URL", "")
    elsewhere = bool(url) and not url.startswith("sqlite")
    return Path(addresses).expanduser().parent / "keys" if elsewhere and addresses else None


def _key_setting(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environment.get(name, "")
    return checked_keys(text, named=name, field=name) if text else ()


def checked_keys(text: str, *, named: str, field: str = "") -> tuple[str, ...]:
    """Return keys that are parted by commas or blanks, the one in use first. Raises InputRefused.

    What is refused is not shown: it may be half of a real one.
    """
    keys = tuple(text.replace(",", " ").split())
    short = next((key for key in keys if len(key) < SHORTEST_KEY), None)
    if short is not None or not keys:
        raise InputRefused(
            f"{named} holds a key of {len(short or '')} characters.",
            field=field,
            allowed=f"Each must have at least {SHORTEST_KEY}, at random. Blanks part several.",
            next_step=_MAKE_ONE,
        )
    if len(set(keys)) != len(keys):
        raise InputRefused(
            f"{named} holds one key twice.",
            field=field,
            allowed="To exchange a key, the new one stands first and the old one behind it.",
            next_step=_MAKE_ONE,
        )
    return keys


def database_url(text: str) -> str:
    """Return a database URL: the text if it is one, else SQLite in the file that it names."""
    return text if "://" in text else sqlite_url(Path(text).expanduser().resolve())


def _origin(text: str) -> str:
    # It goes into a header: nothing but an origin may pass, and no wildcard for everybody.
    allowed = "It must be origins such as https://school.example, parted by spaces."
    fits = _ORIGIN.fullmatch
    return fitting("CATCHMENTS_EMBED_ON", text, fits, allowed, CORRECT_IT, says="names")
