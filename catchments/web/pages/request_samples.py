"""Samples of requests: each call in curl, Python and JavaScript, with nothing to install."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pprint import pformat
from typing import Any

JSON = "application/json"
TONGUES = (("curl", "curl"), ("python", "Python"), ("javascript", "JavaScript"))
"""What samples are in: what it is called in the page's markup, and by people."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a sample makes it."""

    url: str
    answered_in: str
    """The media type of the answer."""
    sent_in: str = ""
    """The media type of the body; empty where there is none."""
    sent: Any = None
    """The body: what JSON holds, or a text."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A call in one tongue; it runs as it stands, and prints the answer."""

    tongue: str
    label: str
    text: str


def samples_of(call: Call) -> tuple[Sample, ...]:
    """Return a call in every tongue."""
    write = {"curl": _curl, "python": _python, "javascript": _javascript}
    return tuple(Sample(tongue, label, write[tongue](call)) for tongue, label in TONGUES)


def _is_json(media_type: str) -> bool:
    return media_type == JSON or media_type.endswith("+json")


def _text(value: Any) -> str:
    """Return a value as JSON on a line: a text of it is one in Python and in JavaScript, too."""
    return json.dumps(value, ensure_ascii=False)


def _curl(call: Call) -> str:
    asked = f"curl {shlex.quote(call.url)}"
    if not call.sent_in:
        return asked
    body = _text(call.sent) if _is_json(call.sent_in) else call.sent
    header = shlex.quote(f"Content-Type: {call.sent_in}")
    return f"{asked} \\\n  -H {header} \\\n  --data-binary {shlex.quote(body)}"


def _python(call: Call) -> str:
    read = "json.load(response)" if _is_json(call.answered_in) else "response.read().decode()"
    needed = _is_json(call.answered_in) or _is_json(call.sent_in)
    names = "Request, urlopen" if call.sent_in else "urlopen"
    opened = "request" if call.sent_in else _text(call.url)
    lines = [
        *(["import json"] if needed else []),
        f"from urllib.request import {names}",
        "",
        *(_python_request(call) if call.sent_in else []),
        f"with urlopen({opened}) as response:",
        f"    answer = {read}",
        "print(answer)",
    ]
    return "\n".join(lines)


def _python_request(call: Call) -> list[str]:
    as_json = _is_json(call.sent_in)
    asked = pformat(call.sent, width=76, sort_dicts=False) if as_json else _text(call.sent)
    body = "json.dumps(asked)" if as_json else "asked"
    return [
        f"asked = {asked}",
        "request = Request(",
        f"    {_text(call.url)},",
        f"    data={body}.encode(),",
        f'    headers={{"Content-Type": {_text(call.sent_in)}}},',
        ")",
    ]


def _javascript(call: Call) -> str:
    read = "json" if _is_json(call.answered_in) else "text"
    return "\n".join(
        [
            *([f"const asked = {_text(call.sent)};"] if call.sent_in else []),
            f"const response = await fetch({_text(call.url)}{_javascript_options(call)});",
            "if (!response.ok) throw new Error(await response.text());",
            f"const answer = await response.{read}();",
            "console.log(answer);",
        ]
    )


def _javascript_options(call: Call) -> str:
    if not call.sent_in:
        return ""
    body = "JSON.stringify(asked)" if _is_json(call.sent_in) else "asked"
    lines = [
        ", {",
        '  method: "POST",',
        f'  headers: {{ "Content-Type": {_text(call.sent_in)} }},',
        f"  body: {body},",
        "}",
    ]
    return "\n".join(lines)
