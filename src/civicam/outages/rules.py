"""Every parameter of the inference, with its meaning; `VERSION` is printed in each row and changes with them.

Weights are natural logarithms of probabilities (nats): 2.3 is one in ten, 4.6 one in a hundred, 6.9 one in a
thousand. docs/reference/outages.md explains the rule for people; a test holds that page to this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from civicam.fleet.graph import NodeKind

VERSION = "outages-2"

_YEAR = 365.25 * 86_400

_PER_YEAR = {
    NodeKind.TRANSFORMER: 0.5,
    NodeKind.METER_BOX: 0.3,
    NodeKind.FEED: 1.0,
    NodeKind.CABINET: 0.5,
    NodeKind.UPS: 0.2,
    NodeKind.ODF: 0.05,
    NodeKind.FIBRE: 0.7,
    NodeKind.SPLITTER: 0.05,
    NodeKind.OLT: 0.1,
    NodeKind.ONU: 0.3,
    NodeKind.SWITCH: 0.3,
    NodeKind.CORE: 0.05,
    NodeKind.DEVICE: 1.0,
    NodeKind.CHANNEL: 0.5,
}
"""Failures of one element in a year, before anything is seen."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The defaults are what the truth table was measured with."""

    per_year: Mapping[NodeKind, float] = field(default_factory=lambda: MappingProxyType(_PER_YEAR))

    # time, seconds
    step_s: float = 5.0
    """Facts are looked at this often."""
    hold_s: float = 15.0
    """How long symptoms are held before they are explained, from the first."""
    answer_s: float = 10.0
    """What went dark less than this before the window closes waits for the next: answers are on their way."""
    look_s: float = 75.0
    """What opened together is explained again together after an interval of heartbeats and a window."""
    ask_s: float = 45.0
    """What outlasts its row is asked about so long before it is explained."""
    join_s: float = 900.0
    """How long after its opening a row may still be explained anew together with new symptoms."""
    settle_s: float = 600.0
    """Everything back for so long: the row is closed; dark again before that, it goes on (flapping)."""
    leftover_s: float = 300.0
    """What is still dark so long after the first of its row came back has a cause of its own."""
    work_early_s: float = 300.0
    """Planned work may begin so much before its time."""
    work_late_s: float = 600.0
    """... and its devices may need so long after its end."""
    slack_s: float = 3.0
    """Clocks and wires: a sign of life may be stamped so much after the element failed."""
    late_s: float = 20.0
    """... and rarely (`late`) so much."""
    trap_s: float = 6.0
    """A trap comes at most so long after what it tells of."""
    memory_s: float = 3600.0
    """Evidence older than this, and not taken back, explains nothing new."""
    confirm_s: float = 30.0
    """A young row's places are asked again after so long, to find a wrong answer soon."""

    # weights, nats
    gain: float = 1.0
    """A cause must be better than its absence by this."""
    lit: float = 4.0
    """One branch below a cause works: the graph is wrong there, about one edge in fifty."""
    lit_more: float = 0.5
    """Each further node of the same branch."""
    lit_planned: float = 0.2
    """A branch that works although work is planned above it: work often touches a part."""
    adopt: float = 6.0
    """A site is dark with a cause that it does not hang below: an edge is missing or wrong."""
    missed: float = 3.9
    """One heartbeat does not come though the device works: one in fifty."""
    late: float = 2.5
    """A sign of life came late (`late_s`)."""
    silent: float = 4.6
    """A node that works does not answer three questions."""
    spurious: float = 12.0
    """A trap without its reason."""
    link: float = 9.0
    """A lost signal or a dead port without its reason."""
    gasp_sent: float = 0.36
    """A last gasp that should come does (seven in ten)."""
    gasp_lost: float = 1.2
    """... and does not; at most `lost_most` for one cause, since a dead OLT loses all of them."""
    link_lost: float = 2.3
    """The OLT should have told of a lost signal and did not."""
    mains_lost: float = 3.0
    """A UPS or contact that watches the mains should have told and did not."""
    lost_most: float = 12.0
    frame_sent: float = 0.2
    """A broken ONU is told as lost frames (eight in ten) ..."""
    frame_lost: float = 1.6
    """... or not."""
    foreign: float = 4.0
    """Frames are lost, and the ONU is not what broke."""
    battery: float = 9.0
    """A node below a battery goes dark some time after the cut: its time says little."""
    exhausted: float = 3.0
    """A UPS that is on battery runs empty."""
    planned: float = 1.0
    """Planned work takes away what is below it."""
    known: float = 0.0
    """A cause that is already in the ledger."""
    say_unknown: float = 0.5
    """Below this probability of its kind a cause is called unknown."""

    # numbers
    sample: int = 6
    """Branches of each suspected element that are asked."""
    wishes: int = 3000
    """Questions in one step at most."""
    lines: int = 40
    """Lines of evidence kept in a row at most; what is left out is counted."""

    def rate(self, kind: NodeKind) -> float:
        """Failures of one element in a second."""
        return self.per_year[kind] / _YEAR
