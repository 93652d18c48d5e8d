"""Dated files of content in YAML: read strictly, refused with the place of what is amiss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from catchments.core.errors import FileRefused, shown

T = TypeVar("T")


class _Loader(yaml.SafeLoader):
    """Reads YAML as `safe_load` does, but refuses a key that stands twice: one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and keys[key.value] > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {shown(key.value)} stands there twice",
                    problem_mark=key.start_mark,
                )
        return super().construct_mapping(node, deep)


def parsed(path: Path) -> Any:
    """Return what a YAML file holds. Raises FileRefused."""
    try:
        return yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - it makes what SafeLoader makes
    except OSError as error:
        raise FileRefused(
            f"{path.name}: {error.strerror}.", next_step="Make the file readable."
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FileRefused(
            f"{path.name}{_place(error)}: {_complaint(error)}.",
            allowed="It must be YAML in UTF-8.",
            next_step="Correct it there or in the line before; text with a colon needs quotes.",
        ) from error


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _complaint(error: Exception) -> str:
    """Return what is wrong in a line; what stands in the file may be of any length."""
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return " ".join(str(said).split())[:200]


def converted(name: str, given: Any, wanted: type[T], allowed: Callable[[str], str]) -> T:
    """Return what a file holds as a class of ours; `allowed` is asked with what is amiss.

    Raises FileRefused.
    """
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError as error:
        said = str(error)
        raise FileRefused(
            f"{name}: {said.replace('`$.', '`')[:400]}.",
            allowed=allowed(said),
            next_step="Correct the file; a text that looks like a number or a date needs quotes.",
        ) from error


def line_of(path: Path, keys: Sequence[str | int]) -> int:
    """Return the line on which a text begins that a file has below some keys and positions."""
    node: Any = yaml.compose(path.read_bytes(), yaml.SafeLoader)
    for key in keys:
        node = node.value[key] if isinstance(key, int) else _below(node, key)
    # A block begins behind the sign for it.
    return int(node.start_mark.line) + 1 + (node.style in ("|", ">"))


def _below(node: yaml.MappingNode, key: str) -> Any:
    return next(value for found, value in node.value if found.value == key)
