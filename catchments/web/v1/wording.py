"""The words of the contract's document, beside what each route says of itself."""

from __future__ import annotations

from typing import Any

TITLE = "Find your attendance service provider"
ABOUT = """\
Every New Zealand school belongs to one catchment of the attendance service, and each catchment \
has one contracted provider. This says who serves a school, an address or a place, today or on any \
date.

Addresses below `/v1` are stable: fields and parameters are only ever added, none is renamed, \
retyped or taken away. Read past fields that you do not know. Parameters that do not exist, or are \
given twice, are refused by name.

Coordinates are WGS 84 decimal degrees; distances are metres; dates are those of New Zealand, \
YYYY-MM-DD. Where `demonstration` is true, what is answered is made up.

What a text was typed for may be an address: such answers are `Cache-Control: private`, and the \
service writes no log of them.
"""
TAGS = {
    "Who serves": "From a school, an address or a point to its provider.",
    "Schools": "The school directory, each school with its catchment and provider.",
    "Catchments": "The catchments, their boundaries, and who serves them.",
    "Providers": "The providers, and where they serve.",
    "Editions": "What was published, when, and from when to when it is in force.",
    "What changes": "What each edition changes, for services that keep a copy.",
    "Files": "Every edition as files.",
    "This document": "The contract itself.",
}
"""What operations are grouped by, in the order in which a reader wants them."""
_TEXT: dict[str, Any] = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "Names the edition, the directory release and the date behind an answer; "
        "send it as `If-None-Match`.",
        "schema": _TEXT,
    },
    "Cache-Control": {
        "description": "How long an answer may be kept; never past midnight in New Zealand, which "
        "is when editions take effect.",
        "schema": _TEXT,
    },
    "Content-Language": {"description": "The language of its sentences.", "schema": _TEXT},
    "RateLimit-Policy": {
        "description": "How many requests (`q`) are allowed in how many seconds (`w`): by address, "
        'or by key. For example `"address";q=6000;w=60`.',
        "schema": _TEXT,
    },
    "RateLimit": {
        "description": "How many are left (`r`), and seconds until they begin anew (`t`). For "
        'example `"address";r=5852;t=36`.',
        "schema": _TEXT,
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
PROBLEMS = {
    400: "A parameter or a value that cannot be taken: `parameter` names it, `allowed` says what "
    "would have been taken, `next_step` what to do.",
    401: "The header `X-API-Key` has a key that is not, or no longer, in use.",
    404: "There is none by that number or code.",
    406: "Nothing that the header `Accept` names is to be had here; `allowed` says what is.",
    413: "The body is longer than is taken.",
    415: "The body is of a media type that is not taken.",
    429: "More requests than are allowed: wait for as long as `Retry-After` says.",
    503: "Nothing is published yet, or the database is away: try again after `Retry-After`.",
}
"""Status → what it means."""
