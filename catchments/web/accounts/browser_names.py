"""Names of browsers: what somebody would call theirs, out of what it says of itself.

No more is kept of it, so that a session can be told from another and a person from nobody.
"""

from __future__ import annotations

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
"""What a browser says, and what it is called; the first that fits, since most name others too."""


def browser_name(user_agent: str) -> str:
    """Return browser and system as “Firefox on Windows”, as far as they are known."""
    found = [
        next((name for said, name in names if said in user_agent), "")
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return " on ".join(filter(None, found))
