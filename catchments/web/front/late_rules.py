"""Rules of addresses that cost little where nobody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]


class LateRule(Rule):
    """A rule that compiles what makes its addresses when the first one is wanted.

    Werkzeug does it for all when the application begins: most of the time that this takes, for
    each command too, most of which make no address.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Build:
        made: list[Build] = []
        compile_now = super()._compile_builder

        def build(rule: Rule, *given: Any, **named: Any) -> tuple[str, str]:
            if not made:
                made.append(compile_now(append_unknown))
            return made[0](rule, *given, **named)

        return build
