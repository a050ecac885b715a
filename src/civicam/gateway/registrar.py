"""REGISTER: who may come in (GB/T 28181-2022 §9.1; RFC 3261 §10.3).

`judge` is pure and decides by what is known; `Registrar` fetches that knowledge, stores what came of it,
and answers. The store is durable before the 200 leaves, so a crash never forgets a device we accepted.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Sequence
from typing import NamedTuple

from civicam.fleet.facts import DeviceCredentials, DeviceRegistered, DeviceUnregistered, Presence
from civicam.fleet.presence import UNREGISTERED
from civicam.gateway.admission import Admission, WrongPasswords
from civicam.gateway.desk import AS_PLATFORM, Desk
from civicam.gateway.roster import Entry, source_text
from civicam.kernel.errors import Operational, Refused
from civicam.signalling.gb28181.clock import format_date
from civicam.signalling.gb28181.ids import GbId, Kind
from civicam.signalling.gb28181.quirks import profile_for
from civicam.signalling.sip import digest
from civicam.signalling.sip.events import RequestReceived
from civicam.signalling.sip.lane import Decision
from civicam.signalling.sip.message import Request
from civicam.signalling.sip.nonce import NonceBook, NonceState
from civicam.signalling.sip.peer import Peer


class Verdict(enum.StrEnum):
    """What becomes of a REGISTER."""

    CHALLENGE = "challenge"
    STALE = "stale"
    ACCEPT = "accept"
    OWN_ID = "gateway.own-id"
    UNKNOWN = "gateway.unknown-device"
    DISABLED = "gateway.device-disabled"
    WRONG_PASSWORD = "gateway.wrong-password"  # noqa: S105 — a code
    WRONG_USER = "gateway.wrong-user"
    NO_SECRET = "gateway.no-secret"  # noqa: S105 — a code
    TOO_MANY = "gateway.too-many-failures"


REFUSALS = frozenset(set(Verdict) - {Verdict.CHALLENGE, Verdict.STALE, Verdict.ACCEPT})
_USUAL = ("MD5",)
FOREIGN_NONCE = "gateway.foreign-nonce"


class Claim(NamedTuple):
    """A REGISTER as far as the decision needs it."""

    gb_id: GbId
    host: str
    authorization: digest.Authorization | None
    expires: int | None


class Guard:
    """What decides: our id, the nonces, the series of wrong passwords, the algorithms we take."""

    def __init__(
        self, own_id: GbId, nonces: NonceBook, wrong: WrongPasswords, algorithms: Sequence[str] = ("MD5",)
    ) -> None:
        self._own_id = own_id
        self._nonces = nonces
        self._wrong = wrong
        self._algorithms = tuple(algorithms)

    def offered(self, known: DeviceCredentials) -> Sequence[str]:
        """The algorithms this device may answer by, the preferred one first."""
        if self._algorithms == _USUAL and known.ha1_md5:
            return _USUAL
        return [each for each in self._algorithms if _ha1(known, each)]

    def before_lookup(self, claim: Claim, now: float) -> Verdict | None:
        """What can be said without the store; None to go on."""
        if claim.gb_id == self._own_id:
            return Verdict.OWN_ID
        return Verdict.TOO_MANY if self._wrong.refused(claim.gb_id, claim.host, now) else None

    def glance(self, claim: Claim, known: DeviceCredentials, now: float) -> Verdict | None:
        """What can be said by credentials that may be out of date: to ask for a proof, or that it is one by
        them. ``None``: ask the store, and then `judge`.
        """
        verdict = self._check(claim, known, now)
        if verdict is Verdict.ACCEPT:
            self._proved(claim, now)
        return None if verdict in REFUSALS else verdict

    def judge(self, claim: Claim, known: DeviceCredentials | None, now: float) -> Verdict:
        """The decision."""
        verdict = self._check(claim, known, now)
        if verdict is Verdict.ACCEPT:
            self._proved(claim, now)
        elif verdict in {Verdict.WRONG_PASSWORD, Verdict.WRONG_USER}:
            self._wrong.failed(claim.gb_id, claim.host, now)
        return verdict

    def _check(self, claim: Claim, known: DeviceCredentials | None, now: float) -> Verdict:
        if known is None:
            return Verdict.UNKNOWN
        if not known.enabled:
            return Verdict.DISABLED
        offered, auth = self.offered(known), claim.authorization
        if not offered:
            return Verdict.NO_SECRET
        if auth is None or auth.algorithm not in offered:
            return Verdict.CHALLENGE
        if self._nonces.check(claim.gb_id, auth.nonce, auth.nc, now) is not NonceState.FRESH:
            return Verdict.STALE
        if not digest.verify(_ha1(known, auth.algorithm), "REGISTER", auth):
            expected = known.username or known.gb_id
            return Verdict.WRONG_PASSWORD if auth.username == expected else Verdict.WRONG_USER
        return Verdict.ACCEPT

    def _proved(self, claim: Claim, now: float) -> None:
        assert claim.authorization is not None
        self._nonces.use(claim.authorization.nonce, claim.authorization.nc, now)
        self._wrong.proved(claim.gb_id, claim.host)


def _ha1(known: DeviceCredentials, algorithm: str) -> str:
    return known.ha1_md5 if algorithm == "MD5" else known.ha1_sha256


def granted(asked: int | None, default: int, limit: int) -> int:
    """Seconds of the registration: what the device asked, never more than our limit; 0 unregisters."""
    return default if asked is None else min(asked, limit)


def read_claim(request: Request, host: str) -> Claim:
    """Raises `Refused`: ``signalling.bad-…``, among them an id that is none, or From and To that differ."""
    gb_id, to_user = GbId.parse(request.from_user), request.to_user
    if to_user != gb_id:
        raise Refused("signalling.bad-id", value=ascii(to_user[:40]))
    headers = request.headers
    if headers.only("authorization"):
        auth = digest.parse_authorization(headers.first("authorization"))
    else:
        proofs = [digest.parse_authorization(value) for value in headers.get_all("Authorization")]
        auth = next((each for each in proofs if each is not None), None)
    return Claim(gb_id, host, auth, request.expires)


class Registrar:
    """The use case."""

    def __init__(self, desk: Desk, secret: bytes) -> None:
        settings = desk.settings.registration
        self._desk = desk
        self._nonces = NonceBook(secret)
        self._guard = Guard(
            desk.settings.id,
            self._nonces,
            WrongPasswords(settings.wrong_passwords, settings.refuse_s),
            settings.algorithms,
        )
        self.admission = Admission(settings.rate, settings.burst, settings.in_flight)

    def handle(self, event: RequestReceived) -> None:
        """Answer one REGISTER, now or when the store has it.

        A device that is known is challenged and verified by memory, and its registration goes to the store
        with others, which looks once more whether the proof still holds. All else asks the store first.
        """
        desk, now = self._desk, self._desk.clock.monotonic()
        try:
            claim = read_claim(event.request, event.source.host)
        except Refused as error:
            desk.refuse(event, 400, error.code, headers=self._version())
            return
        early = self._guard.before_lookup(claim, now)
        if early is not None:
            self._reject(event, claim, early)
            return
        known = desk.fleet.known(claim.gb_id)
        verdict = None if known is None else self._guard.glance(claim, known, now)
        if known is not None and verdict in {Verdict.CHALLENGE, Verdict.STALE}:
            self._challenge(event, claim, known, stale=verdict is Verdict.STALE)
        elif self._admitted(event, claim, now):
            entry = desk.roster.by_gb_id(claim.gb_id)
            elsewhere = claim.expires == 0 or claim.gb_id in desk.settings.registration.redirects
            if known is None or verdict is not Verdict.ACCEPT or entry is None or elsewhere:
                desk.tasks.spawn(self._by_the_store(event, claim), "register")
            else:
                self._by_memory(event, claim, known, entry)

    def first(self, who: str, to: str, address: tuple[str, int], now: float) -> Decision | None:
        """A REGISTER without a proof, of a device that memory knows: what it gets is its challenge, and
        nothing comes of it. ``None``: see `handle`.
        """
        desk = self._desk
        known = desk.fleet.known(who)
        if known is None or to != who:
            return None
        claim = Claim(GbId(who), address[0], None, None)
        if (
            self._guard.before_lookup(claim, now) is not None
            or self._guard.glance(claim, known, now) is not Verdict.CHALLENGE
        ):
            return None
        desk.counters["register_challenged"] += 1
        desk.counters["answered_401"] += 1
        headers = self._questions(claim, known, stale=False)
        more = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return "SIP/2.0 401 Unauthorized", more, Peer("udp", *address), False

    def _admitted(self, event: RequestReceived, claim: Claim, now: float) -> bool:
        """Whether the store may be asked for it now; else it is told when to come back."""
        wait = self.admission.enter(claim.gb_id, now)
        if wait is not None:
            self._desk.counters["register_deferred"] += 1
            self._desk.answer(event, 503, headers=[("Retry-After", str(wait)), *self._version()])
        return wait is None

    def _by_memory(
        self, event: RequestReceived, claim: Claim, known: DeviceCredentials, entry: Entry
    ) -> None:
        """Proven by what we remember: keep it, together with others that come at this moment."""
        fact = self._fact(event, claim, entry)

        def stored(error: Exception | None) -> None:
            if isinstance(error, Refused):  # the store knows better
                self._desk.tasks.spawn(self._by_the_store(event, claim), "register")
                return
            self.admission.leave()
            if error is None:
                self._registered(event, claim, entry, fact)
            else:
                self._later(event, error)

        try:
            self._desk.fleet.register(fact, known.ha1_md5, stored)
        except Operational as error:
            stored(error)

    async def _by_the_store(self, event: RequestReceived, claim: Claim) -> None:
        """Ask the store who it is, then decide."""
        try:
            await self._decide(event, claim, await self._desk.fleet.credentials(claim.gb_id))
        except Operational as error:
            self._later(event, error)
        finally:
            self.admission.leave()

    def _later(self, event: RequestReceived, error: Exception) -> None:
        """The store could not."""
        code = error.code if isinstance(error, Operational) else type(error).__name__
        self._desk.faults.note(code, "store", self._desk.clock.monotonic())
        self._desk.answer(event, 503, headers=[("Retry-After", "10"), *self._version()])

    async def _decide(self, event: RequestReceived, claim: Claim, known: DeviceCredentials | None) -> None:
        now = self._desk.clock.monotonic()
        verdict = self._guard.judge(claim, known, now)
        if verdict in REFUSALS or known is None:
            self._reject(event, claim, verdict)
        elif verdict is Verdict.ACCEPT:
            if not self._redirected(event, claim):
                await self._accept(event, claim)
        else:
            self._challenge(event, claim, known, stale=verdict is Verdict.STALE)

    def _challenge(
        self, event: RequestReceived, claim: Claim, known: DeviceCredentials, *, stale: bool
    ) -> None:
        desk, now = self._desk, self._desk.clock.monotonic()
        desk.counters["register_stale" if stale else "register_challenged"] += 1
        if stale and claim.authorization is not None and not NonceBook.shaped(claim.authorization.nonce):
            # once from a device that comes from another platform; always from a client that makes them up
            desk.unknown.note(claim.gb_id, event.source, FOREIGN_NONCE, desk.clock.now())
            desk.faults.note(FOREIGN_NONCE, claim.gb_id, now, source=source_text(event.source))
        desk.answer(event, 401, headers=self._questions(claim, known, stale=stale))

    def _questions(self, claim: Claim, known: DeviceCredentials, *, stale: bool) -> list[tuple[str, str]]:
        """What a challenge says, in each algorithm the device may answer by."""
        nonce = self._nonces.issue(claim.gb_id, self._desk.clock.monotonic())
        asked = [
            ("WWW-Authenticate", digest.challenge(known.realm, nonce, algorithm=each, stale=stale))
            for each in self._guard.offered(known)
        ]
        return [*asked, *self._version()]

    def _redirected(self, event: RequestReceived, claim: Claim) -> bool:
        """302 to a device that has its place elsewhere (2022 §9.1.2.3); it has proven itself first."""
        limits = self._desk.settings.registration
        target = limits.redirects.get(claim.gb_id)
        if target is None or claim.expires == 0:
            return False
        expires = granted(claim.expires, limits.default_expires_s, limits.max_expires_s)
        headers = [("Contact", f"<{target}>"), ("Expires", str(expires)), *self._version()]
        self._desk.counters["register_redirected"] += 1
        self._desk.answer(event, 302, headers=headers)
        return True

    def _reject(self, event: RequestReceived, claim: Claim, verdict: Verdict) -> None:
        self._desk.unknown.note(claim.gb_id, event.source, verdict, self._desk.clock.now())
        self._desk.refuse(event, 403, verdict.value, who=claim.gb_id, headers=self._version())

    async def _accept(self, event: RequestReceived, claim: Claim) -> None:
        desk = self._desk
        entry = desk.roster.by_gb_id(claim.gb_id)
        if entry is None:  # entered after our start
            await desk.reload()
            entry = desk.roster.by_gb_id(claim.gb_id)
        if entry is None:
            self._reject(event, claim, Verdict.DISABLED)
            return
        if claim.expires == 0:
            await self._leave(event, entry)
            return
        fact = self._fact(event, claim, entry)
        await desk.fleet.registered(fact)
        self._registered(event, claim, entry, fact)

    def _fact(self, event: RequestReceived, claim: Claim, entry: Entry) -> DeviceRegistered:
        desk, headers, source = self._desk, event.request.headers, event.source
        limits = desk.settings.registration
        agent, version = (headers.first("user-agent") or "")[:128], (headers.first("x-gb-ver") or "")[:16]
        known = (entry.host, entry.peer, entry.user_agent, entry.version)
        same = known == (source.host, source, agent, version)
        return DeviceRegistered(
            entry.device_id,
            desk.clock.now(),
            source_text(source),
            source.transport,
            granted(claim.expires, limits.default_expires_s, limits.max_expires_s),
            agent,
            version,
            refresh=same and desk.liveness.book.presence(entry.device_id) is Presence.ONLINE,
        )

    def _registered(self, event: RequestReceived, claim: Claim, entry: Entry, fact: DeviceRegistered) -> None:
        """It is in the store: remember where it is, and tell it."""
        desk = self._desk
        entry.host = event.source.host
        if not fact.refresh:
            # a city has thousands of cameras and a few dozen makes: one copy of each name
            entry.user_agent, entry.version = sys.intern(fact.user_agent), sys.intern(fact.version)
            entry.profile = profile_for(entry.manufacturer, entry.user_agent, entry.version)
        desk.roster.moved(entry, event.source)
        anew = entry.sightings.anew(event.request.call_id)
        self._look(event, entry, fact.expires_s)
        desk.counters["registered"] += 1
        desk.unknown.forget(claim.gb_id)
        self._ok(event, fact.expires_s)
        now = desk.clock.monotonic()
        desk.liveness.publish(desk.liveness.book.registered(entry.device_id, fact.expires_s, now))
        if anew:
            desk.anew(entry.device_id)

    async def _leave(self, event: RequestReceived, entry: Entry) -> None:
        """Expires: 0. Of two devices with one id only the one that is served takes the id away."""
        desk = self._desk
        if entry.host and not entry.trusts(event.source):
            desk.counters["unregistered_elsewhere"] += 1
            self._ok(event, 0)
            return
        fact = DeviceUnregistered(entry.device_id, desk.clock.now(), source_text(event.source))
        await desk.fleet.unregistered(fact)
        desk.roster.moved(entry, None)
        entry.host = ""
        desk.counters["unregistered"] += 1
        self._ok(event, 0)
        desk.liveness.publish(desk.liveness.book.gone(entry.device_id, UNREGISTERED))

    def _look(self, event: RequestReceived, entry: Entry, expires: int) -> None:
        """Flag what is let in and is odd all the same."""
        desk, now = self._desk, self._desk.clock.monotonic()
        other = entry.sightings.registered(event.source, event.request.call_id, now, expires)
        if other is not None:
            desk.same_id_twice(entry, event.source, other)
        if entry.kind is Kind.PLATFORM:
            desk.counters["registered_as_platform"] += 1
            entry.flags[AS_PLATFORM] = now

    def _ok(self, event: RequestReceived, expires: int) -> None:
        contact = event.request.headers.get("Contact")
        headers = [("Date", format_date(self._desk.clock.now())), ("Expires", str(expires)), *self._version()]
        if contact is not None and contact != "*":
            headers.insert(0, ("Contact", _with_expires(contact, expires)))
        self._desk.answer(event, 200, headers=headers)

    def _version(self) -> list[tuple[str, str]]:
        """X-GB-Ver stands on every answer to REGISTER, good or bad (2022 Annex I)."""
        return [("X-GB-Ver", self._desk.settings.version)]


def _with_expires(contact: str, expires: int) -> str:
    """The Contact as it came, with what we granted."""
    if "<" not in contact:
        return f"<{contact.partition(';')[0].strip()}>;expires={expires}"
    return f"{contact[: contact.rfind('>') + 1].strip()};expires={expires}"
