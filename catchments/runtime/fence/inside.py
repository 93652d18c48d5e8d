"""Whether this process is in a fence itself, and in which."""

from __future__ import annotations

from catchments.runtime.fence.plans import Standing

standing: Standing | None = None
"""What it is in; None where it is in none that we made."""
