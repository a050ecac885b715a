"""The deciding words of the room: what kind of cause an element's failure is, and whose it is. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from civicam.fleet.graph import NodeKind
from civicam.kernel.errors import Refused
from civicam.outages.facts import Attribution, CauseKind, WorkPlanned

_KINDS = {
    NodeKind.TRANSFORMER: CauseKind.MAINS,
    NodeKind.METER_BOX: CauseKind.MAINS,
    NodeKind.FEED: CauseKind.SUPPLY,
    NodeKind.CABINET: CauseKind.SUPPLY,
    NodeKind.UPS: CauseKind.SUPPLY,
    NodeKind.ODF: CauseKind.FIBRE,
    NodeKind.FIBRE: CauseKind.FIBRE,
    NodeKind.SPLITTER: CauseKind.FIBRE,
    NodeKind.OLT: CauseKind.NETWORK,
    NodeKind.ONU: CauseKind.NETWORK,
    NodeKind.SWITCH: CauseKind.NETWORK,
    NodeKind.CORE: CauseKind.NETWORK,
    NodeKind.DEVICE: CauseKind.DEVICE,
    NodeKind.CHANNEL: CauseKind.DEVICE,
}

_PARTIES = {
    NodeKind.TRANSFORMER: Attribution.POWER_COMPANY,
    NodeKind.METER_BOX: Attribution.POWER_COMPANY,
    NodeKind.FEED: Attribution.POWER_COMPANY,
    NodeKind.CABINET: Attribution.CONTRACTOR,
    NodeKind.UPS: Attribution.CONTRACTOR,
    NodeKind.ODF: Attribution.CARRIER,
    NodeKind.FIBRE: Attribution.CARRIER,
    NodeKind.SPLITTER: Attribution.CARRIER,
    NodeKind.OLT: Attribution.CARRIER,
    NodeKind.ONU: Attribution.CARRIER,
    NodeKind.SWITCH: Attribution.CONTRACTOR,
    NodeKind.CORE: Attribution.OPERATOR,
    NodeKind.DEVICE: Attribution.CONTRACTOR,
    NodeKind.CHANNEL: Attribution.CONTRACTOR,
}


def kind_of(element: NodeKind) -> CauseKind:
    """The kind of cause that the failure of such an element is."""
    return _KINDS[element]


def answers_for(element: NodeKind, entered: Attribution | None = None) -> Attribution:
    """Whose an element is: as ``entered`` in the register, else as is usual for its kind.

    A fibre is its carrier's until a person names the road works that cut it (`Overruled`).
    """
    return entered or _PARTIES[element]


def check_work(work: WorkPlanned, most_days: int = 366) -> None:
    """`Refused` ``outages.work-needs-end``: it has no end after its beginning, or one beyond all reason."""
    days = (work.end - work.begin).total_seconds() / 86_400
    if not 0 < days <= most_days:
        raise Refused("outages.work-needs-end", days=most_days)


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a date-time of whole milliseconds, which both databases keep exactly."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)
