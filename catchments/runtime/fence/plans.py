"""What a program needs in its fence, and what the fence is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

SCOPES_SIGNALS_FROM_ABI = 6
NOTHING = "nothing"


@dataclass(frozen=True)
class Fence:
    """What a program is given beside the code and the libraries that it is made of."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    """Folders that it may do with as it likes."""
    programs: bool = False
    """Whether it starts programs of ours; they are fenced like itself."""


@dataclass(frozen=True)
class Standing:
    """What a fence is made of."""

    bwrap: bool = False
    landlock: int = 0
    """Its ABI."""
    namespace: bool = False
    """Whether the network is left for one of its own, without bwrap."""
    seccomp: bool = False

    @property
    def files(self) -> str:
        """What keeps a program from files, in words."""
        landlock = f"Landlock {self.landlock}"
        return _listed([(self.bwrap, "bwrap"), (bool(self.landlock), landlock)])

    @property
    def network(self) -> str:
        """What keeps a program from the network, in words: not Landlock, which knows only TCP."""
        namespace = (self.namespace, "a namespace")
        return _listed([(self.bwrap, "bwrap"), namespace, (self.seccomp, "seccomp")])

    @property
    def whole(self) -> bool:
        """Whether a program is kept from both, files and network."""
        return NOTHING not in (self.files, self.network)

    @property
    def confines_signals(self) -> bool:
        """Whether a program reaches no process but those that it starts, whatever it calls."""
        return self.bwrap or self.landlock >= SCOPES_SIGNALS_FROM_ABI

    @property
    def within(self) -> Standing:
        """What a program that is started within puts on once more."""
        return replace(self, bwrap=False, namespace=False)


def _listed(parts: Sequence[tuple[bool, str]]) -> str:
    return ", ".join(words for stands, words in parts if stands) or NOTHING


@dataclass(frozen=True)
class Plan:
    """What a program puts on before it does anything else, and what then stands."""

    fence: Fence
    puts_on: Standing
    stands: Standing
    trial: bool = False
    """Whether what cannot be put on is left out: only without a file to read."""
    nested: bool = False
    """Whether the program is started by one that is fenced itself."""

    def written(self) -> str:
        """Return this as one argument of a command."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Plan:
        """Return what `written` wrote."""
        told = json.loads(text)
        given = told["fence"]
        fence = Fence(tuple(given["reads"]), tuple(given["writes"]), given["programs"])
        puts_on, stands = Standing(**told["puts_on"]), Standing(**told["stands"])
        return cls(fence, puts_on, stands, told["trial"], told["nested"])
