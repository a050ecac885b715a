"""What the gateway has only between its start and its stop: every use case, made and joined once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from civicam.fleet.facts import DeviceId
from civicam.gateway.addresses import Addresses
from civicam.gateway.alarms import AlarmDesk
from civicam.gateway.broadcast import Broadcasts
from civicam.gateway.catalogue_notify import CatalogueNotices
from civicam.gateway.checkup import Checkups
from civicam.gateway.commands import Commands
from civicam.gateway.configuration import Configuration
from civicam.gateway.desk import Desk
from civicam.gateway.dispatch import Dispatch
from civicam.gateway.download import Downloads
from civicam.gateway.ghosts import Ghosts
from civicam.gateway.inbox import Inbox
from civicam.gateway.maintenance import Maintenance
from civicam.gateway.notices import Notices
from civicam.gateway.operations import Operations
from civicam.gateway.playback import Playbacks
from civicam.gateway.ports import Alarms
from civicam.gateway.positions import Positions
from civicam.gateway.ptz import PtzDesk
from civicam.gateway.ptz_places import PtzPlaces
from civicam.gateway.ptz_positions import PtzPositions
from civicam.gateway.registrar import Registrar
from civicam.gateway.resync import Resync
from civicam.gateway.sessions import Sessions
from civicam.gateway.sight import Sights
from civicam.gateway.snapshots import Snapshots
from civicam.gateway.subscriptions import Subscriptions
from civicam.media.engine import MediaEngine
from civicam.signalling.gb28181.manscdp import keepalive
from civicam.signalling.gb28181.manscdp.alarm import AlarmNotify
from civicam.signalling.gb28181.manscdp.catalog_notify import CatalogNotify
from civicam.signalling.gb28181.manscdp.media_status import MediaStatus
from civicam.signalling.gb28181.manscdp.mobile_position import MobilePosition
from civicam.signalling.gb28181.manscdp.ptz_position import PtzPositionNotify
from civicam.signalling.gb28181.manscdp.snapshot_finished import SnapshotFinished
from civicam.signalling.gb28181.manscdp.upgrade_result import UpgradeResult
from civicam.signalling.gb28181.ssrc import SsrcPool
from civicam.signalling.sip.policy import XML_TYPES
from civicam.signalling.sip.shapes import Shapes
from civicam.signalling.sip.trace import Trace


class Media(NamedTuple):
    """What sessions are made of."""

    engine: MediaEngine
    sessions: Sessions
    ssrcs: SsrcPool
    history_ssrcs: SsrcPool
    downloads: Path
    snapshots: Path
    door: tuple[str, int]


class Seeds(NamedTuple):
    """What is new in every process: random bytes for nonces, where serial numbers begin."""

    secret: bytes
    first_sn: int


class Running:
    """Made by the gateway's start."""

    def __init__(
        self,
        desk: Desk,
        alarms: Alarms,
        seeds: Seeds,
        trace: Trace,
        media: Media,
    ) -> None:
        self.desk = desk
        self.registrar = Registrar(desk, seeds.secret)
        self.resync = Resync(desk, seeds.first_sn)
        self.inbox = Inbox(desk, self.resync)
        self.commands = Commands(desk, seeds.first_sn)
        self.inbox.answers = self.commands.offer
        self.sights = Sights(desk, self.resync, trace, media.sessions.count_of)
        addresses = Addresses(desk)
        self.ptz = PtzDesk(desk, addresses, self.commands)
        maintenance = Maintenance(desk, addresses, self.commands)
        playbacks = Playbacks(desk, media.engine, media.sessions, media.history_ssrcs, self.commands)
        broadcasts = Broadcasts(
            desk, media.engine, media.ssrcs, self.commands, lambda event: self.inbox.speaker(event, None)
        )
        self.inbox.on(
            MediaStatus,
            lambda entry, event, notice: playbacks.media_status(entry, event.request, notice),
        )
        self.inbox.on(UpgradeResult, lambda entry, _event, result: maintenance.upgraded(entry, result))
        snapshots = Snapshots(desk, addresses, self.commands, media.snapshots, media.door)
        self.inbox.on(SnapshotFinished, lambda entry, _event, notice: snapshots.finished(entry, notice))
        self.operations = Operations(
            addresses,
            self.commands,
            self.sights,
            self.ptz,
            PtzPlaces(addresses, self.commands),
            PtzPositions(desk, addresses),
            maintenance,
            Configuration(addresses, self.commands),
            AlarmDesk(desk, self.commands, addresses, alarms),
            Positions(desk),
            playbacks,
            Downloads(desk, media.engine, playbacks, media.downloads),
            broadcasts,
            snapshots,
            Checkups(desk, self.commands, maintenance, self.resync.catalogue),
        )
        self.ghosts = Ghosts(desk, media.engine, media.ssrcs, media.history_ssrcs)
        media.sessions.before = self.ghosts.settled
        media.sessions.gone = broadcasts.gone
        self.subscriptions = Subscriptions(desk, self.commands.next_sn, random.Random(seeds.secret).random)
        self.notices = Notices(desk, self.inbox, self.subscriptions)
        self._join_events(CatalogueNotices(desk, self.resync))
        self.dispatch = self._join_methods(Dispatch(desk, media.sessions))
        if desk.lane is not None:
            desk.lane.open(b"M", Shapes("MESSAGE", keepalive.USUAL, types=XML_TYPES), self.inbox.beat)
            desk.lane.open(b"R", Shapes("REGISTER", without=["Authorization"]), self.registrar.first)

    def stop(self) -> None:
        """Nothing new is asked, and what comes is looked at one by one."""
        self.resync.stop()
        self.ghosts.stop()
        if self.desk.lane is not None:
            self.desk.lane.close()

    def gauges(self) -> dict[str, int]:
        """What the use cases have at hand, by name."""
        operations, resync = self.operations, self.resync
        return {
            "playbacks": len(operations.playbacks),
            "resync_waiting": resync.plan.waiting,
            "resync_running": resync.plan.running,
            "subscriptions": len(self.subscriptions),
            "subscriptions_standing": self.subscriptions.standing(),
            "positions": len(operations.positions),
            "broadcasts": len(operations.broadcasts),
            "snapshots": len(operations.snapshots),
            "ghosts": len(self.ghosts),
            "commands_under_way": len(self.commands),
            "registrations_under_way": self.registrar.admission.under_way,
        }

    def _join_methods(self, dispatch: Dispatch) -> Dispatch:
        dispatch.on("REGISTER", self.registrar.handle)
        dispatch.on("MESSAGE", self.inbox.handle)
        dispatch.on("NOTIFY", self.notices.handle)
        dispatch.on("INVITE", self.operations.broadcasts.invited)
        dispatch.ended = (self.operations.broadcasts.bye, self.ghosts.bye)
        return dispatch

    def _join_events(self, catalogue: CatalogueNotices) -> None:
        """What devices tell by themselves, whichever way it comes."""
        alarms, positions = self.operations.alarms, self.operations.positions
        self.notices.on(CatalogNotify, catalogue.take)
        self.inbox.on(CatalogNotify, lambda entry, _event, notice: catalogue.take(entry, notice))
        self.notices.on(AlarmNotify, alarms.notice)
        self.inbox.on(AlarmNotify, alarms.message)
        self.notices.on(MobilePosition, positions.notice)
        self.inbox.on(MobilePosition, positions.message)
        looks = self.operations.looks
        self.notices.on(PtzPositionNotify, looks.notice)
        self.inbox.on(PtzPositionNotify, looks.message)
        looks.want, looks.drop = self.subscriptions.want, self.subscriptions.drop
        looks.state = self.subscriptions.state
        self.subscriptions.before_alarms = alarms.arm
        self.sights.subscriptions = self.subscriptions.sight
        self.resync.then = self.subscriptions.ready
        self.desk.anew = self.subscriptions.renew

        def gone(device_id: DeviceId) -> None:
            for each in (self.subscriptions, catalogue, positions, looks):
                each.gone(device_id)

        self.resync.gone = gone
