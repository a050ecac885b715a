"""What an operator may set about signalling and sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from civicam.gateway.event_settings import AlarmHandlingSettings, DeviceHabits, SubscriptionSettings
from civicam.signalling.gb28181.ids import GbId

Seconds = Annotated[float, Field(gt=0)]
GbIdText = Annotated[str, Field(pattern=r"^[0-9]{20}$")]
SipContact = Annotated[str, Field(pattern=r"^sip:[0-9]{20}@[^\s@<>\"]+$", max_length=200)]


class RegistrationSettings(BaseModel):
    """How devices are let in (GB/T 28181-2022 §9.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_expires_s: Annotated[int, Field(ge=60)] = 3600
    """Granted when a device names no expiry."""
    max_expires_s: Annotated[int, Field(ge=3600)] = 86_400
    rate: Annotated[float, Field(gt=0)] = 1_000.0
    """Registrations a second taken in; the rest are told to come back (503, Retry-After). A device that is
    refused may stay away for a minute (2022 §9.1.1), so a city that comes back within ten seconds has to fit.
    """
    burst: Annotated[int, Field(ge=1)] = 2_000
    in_flight: Annotated[int, Field(ge=1)] = 1_024
    """Registrations waiting for the store at once."""
    wrong_passwords: Annotated[int, Field(ge=1)] = 5
    """Wrong passwords of one device from one address, before it is refused unchecked for a while."""
    refuse_s: Seconds = 60.0
    algorithms: Annotated[tuple[Literal["MD5", "SHA-256"], ...], Field(min_length=1)] = ("MD5",)
    """Digest algorithms offered, the preferred one first (RFC 8760). Field devices know only MD5, and some
    give up when anything else stands first.
    """
    redirects: dict[GbIdText, SipContact] = {}
    """Devices sent to another platform when they register (注册重定向, 302): id → ``sip:ID@host:port``."""


class ResyncSettings(BaseModel):
    """How much the gateway asks when devices come online."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrent: Annotated[int, Field(ge=1)] = 32
    """Devices asked at once, over the whole city."""
    per_second: Annotated[float, Field(gt=0)] = 50.0
    cool_down_s: Seconds = 60.0
    """A device whose list was read is not asked again within this time, however often it comes and goes."""
    retry_s: Seconds = 60.0
    attempts: Annotated[int, Field(ge=1)] = 3
    answer_s: Seconds = 15.0
    """How long an answer to DeviceInfo is awaited, its 200 included."""
    pause_s: Annotated[float, Field(ge=0)] = 0.2
    """Before each question: programs that read one message from a TCP segment lose what is glued to it."""
    first_part_s: Seconds = 120.0
    part_gap_s: Seconds = 5.0
    total_s: Seconds = 300.0


class LiveSettings(BaseModel):
    """How long each step of a live session may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port_s: Seconds = 5.0
    invite_s: Seconds = 10.0
    """Until the first answer of the device."""
    early_s: Seconds = 15.0
    """From a provisional answer to the final one."""
    media_s: Seconds = 10.0
    """From the ACK to the first picture."""
    check_s: Seconds = 60.0
    """How often a running session asks the engine whether its stream still exists."""
    reconnect_s: Seconds = 75.0
    """A device whose TCP connection broke comes back in this time, or its sessions are ended; pictures that
    stop end them before. Devices wait 60 s before they register again.
    """
    close_s: Seconds = 33.0
    """Until an unanswered BYE is given up; a little more than 64·T1."""


class CommandSettings(BaseModel):
    """How long answers to questions and orders are awaited, and how many are under way at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    taken_s: Seconds = 8.0
    """Until a device takes the message at all (its 200); a person does not wait for timer F, 32 s."""
    answer_s: Seconds = 4.0
    confirm_s: Seconds = 2.0
    """For an order; what is not confirmed by then is called unconfirmed."""
    concurrent: Annotated[int, Field(ge=1)] = 512
    queue: Annotated[int, Field(ge=1)] = 8
    """Questions of one kind that may wait for one channel."""
    max_items: Annotated[int, Field(ge=100)] = 20_000
    """Most items of an answer in parts that are kept (recordings of a channel)."""


class PtzSettings(BaseModel):
    """How cameras are moved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    watchdog_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """A motion nobody renews is stopped after this."""


class DownloadSettings(BaseModel):
    """Recordings fetched from devices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path | None = None
    """Where finished files lie; ``downloads`` in the data directory when not set."""
    keep_h: Annotated[float, Field(gt=0)] = 24.0
    """Finished files are removed after this."""
    concurrent: Annotated[int, Field(ge=1)] = 4
    """Under way at once, over the whole city; the others wait for their turn."""
    most: Annotated[int, Field(ge=1)] = 200
    """Kept in the list, finished ones included."""


class SnapshotSettings(BaseModel):
    """Pictures that devices upload when asked (图像抓拍, 2022)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$", max_length=200)] = ""
    """Where devices reach this server's HTTP side, when a proxy or another port stands before it; empty: made
    from the address they are reached from and the port of ``web``.
    """
    source: Literal["host", "network", "any"] = "network"
    """Who may upload besides knowing the one-time address: the host the device registered from, its network
    (/24, /64: a NAT with several addresses), or anybody.
    """
    folder: Path | None = None
    """Where pictures lie; ``snapshots`` in the data directory when not set."""
    keep_h: Annotated[float, Field(gt=0)] = 24.0
    """Pictures are removed this long after they were asked for."""
    most: Annotated[int, Field(ge=1)] = 200
    """Asks kept in the list."""
    picture_bytes: Annotated[int, Field(ge=64 * 1024)] = 8 * 1024 * 1024
    """Largest picture."""
    session_bytes: Annotated[int, Field(ge=64 * 1024)] = 64 * 1024 * 1024
    """Most a device may send for one ask, copies and half pictures counted."""
    free_bytes: Annotated[int, Field(ge=0)] = 256 * 1024 * 1024
    """No ask is made when less space is free."""
    concurrent: Annotated[int, Field(ge=1)] = 32
    """Uploads under way at once, over the whole city."""
    upload_s: Seconds = 60.0
    """For one upload."""
    patience_s: Seconds = 60.0
    """Until the last picture, beyond the time the device takes them in."""
    tail_s: Seconds = 10.0
    """From the device's notice that it is finished, or from the last picture, until the address is closed."""


class BroadcastSettings(BaseModel):
    """Speaking through loudspeakers: how long each step may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    invite_s: Seconds = 20.0
    """From the device's OK to its INVITE."""
    ack_s: Seconds = 1.0
    """From our 200 to its ACK; sound is sent after it in any case."""
    connect_s: Seconds = 25.0
    """Over TCP; body cameras take 20 s."""
    most: Annotated[int, Field(ge=1)] = 50
    """At once, over the whole city."""


class GhostSettings(BaseModel):
    """Ending the sessions that a crash of ours, or a BYE nobody heard, left at devices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrent: Annotated[int, Field(ge=1)] = 16
    """Devices told at once, over the whole city."""
    per_second: Annotated[float, Field(gt=0)] = 20.0
    answer_s: Seconds = 8.0
    """For the answer to a BYE, and before it to what is known of the INVITE."""
    retry_s: Seconds = 10.0
    """Until the second try, twice as long until the third, and so on."""
    attempts: Annotated[int, Field(ge=1)] = 8
    """In a row; together longer than a silent device is still called online. A device that is online and
    answers none of them is given up; one that is not is told when it comes online.
    """
    give_up_s: Seconds = 3600.0
    """A session that could not be ended for so long is forgotten."""


class ProbeSettings(BaseModel):
    """How RTSP sources are watched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_s: Seconds = 30.0
    timeout_s: Seconds = 5.0
    concurrent: Annotated[int, Field(ge=1)] = 16
    misses: Annotated[int, Field(ge=1)] = 2


class GatewaySettings(BaseModel):
    """The gateway's own identity, where it listens, and the limits of its parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gb_id: GbIdText = "34020000002000000001"
    realm: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\s\"\\]+$")] = "3402000000"
    host: str = "0.0.0.0"  # noqa: S104 — devices come from outside; the address is the operator's to narrow
    """Where SIP listens, UDP and TCP."""
    port: Annotated[int, Field(ge=0, le=65535)] = 5060
    """0 takes any free port."""
    advertise: str = ""
    """The address devices reach us by; empty: the one the system's route to each device starts from."""
    user_agent: Annotated[str, Field(max_length=64, pattern=r"^[\x20-\x7e]*$")] = "civicam"
    version: str = "3.0"
    """X-GB-Ver: 3.0 is GB/T 28181-2022."""
    grace_s: Annotated[float, Field(ge=0)] = 2.0
    """Allowed beyond interval × misses, for the heartbeat that is on its way."""
    return_s: Annotated[float, Field(ge=0)] = 75.0
    """Nobody is called lost earlier than this after our own start: devices on TCP come back after 60 s."""
    registration: RegistrationSettings = RegistrationSettings()
    resync: ResyncSettings = ResyncSettings()
    live: LiveSettings = LiveSettings()
    command: CommandSettings = CommandSettings()
    subscription: SubscriptionSettings = SubscriptionSettings()
    alarm: AlarmHandlingSettings = AlarmHandlingSettings()
    devices: dict[GbIdText, DeviceHabits] = {}
    """Single devices treated in their own way: id → ``arm`` (before subscribing to its alarms),
    ``trust_status`` (believe the states of channels in its notices), ``positions`` (subscribe to its own).
    """
    ptz: PtzSettings = PtzSettings()
    download: DownloadSettings = DownloadSettings()
    snapshot: SnapshotSettings = SnapshotSettings()
    broadcast: BroadcastSettings = BroadcastSettings()
    ghost: GhostSettings = GhostSettings()
    probe: ProbeSettings = ProbeSettings()

    @property
    def id(self) -> GbId:
        """Our own 20-digit id."""
        return GbId.parse(self.gb_id)
