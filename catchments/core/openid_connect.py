"""The provider of OpenID Connect where staff sign in, as whoever runs the service sets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from catchments.core.environment_values import fitting, seconds
from catchments.core.errors import InputRefused

_ISSUER = re.compile(
    r"https://[^\s?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[^\s?#]*)?"
)
LONGEST_CLAIM_VALUES = 500


@dataclass(frozen=True)
class OpenIdConnect:
    """A provider of OpenID Connect, such as the Ministry's Education Sector Logon."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = "OpenID Connect"
    """What the link for signing in there calls it."""
    role_claim: str = ""
    """The claim that names somebody's roles; if empty, an administrator gives them here."""
    acr: tuple[str, ...] = ()
    """Classes of authentication, one of which a sign-in must be of; any if there is none."""
    amr: tuple[str, ...] = ()
    """Methods, one of which a sign-in must have used, such as mfa; any if there is none."""
    check_s: int = 900
    """So often the provider is asked, in passing, whether somebody is still who they were there,
    with which roles; 0 for never."""


def openid_connect(environment: Mapping[str, str]) -> OpenIdConnect | None:
    """Return the provider that is set, or None. Raises InputRefused."""
    issuer = environment.get("CATCHMENTS_OIDC_ISSUER", "")
    if not issuer:
        return None
    allowed = "It must begin with https://; with http:// on this very machine only."
    next_step = "Take it from the provider's discovery document, letter by letter."
    fitting("CATCHMENTS_OIDC_ISSUER", issuer, _ISSUER.fullmatch, allowed, next_step)
    if not environment.get("CATCHMENTS_OIDC_CLIENT_ID"):
        raise InputRefused(
            "CATCHMENTS_OIDC_ISSUER is set, but not CATCHMENTS_OIDC_CLIENT_ID.",
            field="CATCHMENTS_OIDC_CLIENT_ID",
            next_step="Set it to what the provider calls this service.",
        )
    return OpenIdConnect(
        issuer=issuer,
        client_id=environment["CATCHMENTS_OIDC_CLIENT_ID"],
        client_secret=environment.get("CATCHMENTS_OIDC_CLIENT_SECRET", ""),
        name=environment.get("CATCHMENTS_OIDC_NAME") or OpenIdConnect.name,
        role_claim=environment.get("CATCHMENTS_OIDC_ROLE_CLAIM", ""),
        acr=_claim_values(environment, "CATCHMENTS_OIDC_ACR"),
        amr=_claim_values(environment, "CATCHMENTS_OIDC_AMR"),
        check_s=int(seconds(environment, "CATCHMENTS_OIDC_CHECK_S", OpenIdConnect.check_s)),
    )


def _claim_values(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text, most = environment.get(name, ""), LONGEST_CLAIM_VALUES
    allowed = f"It must be values parted by spaces, {most} characters."
    next_step = "Take them from what the provider documents."
    fitting(name, text, lambda each: len(each) <= most and each.isprintable(), allowed, next_step)
    return tuple(text.split())
