"""The access room's use cases: links, log-in, sessions, viewings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from civicam.access.facts import Login, Purpose, Role, User, UserId, Viewing, ViewingId
from civicam.access.model import ADMINISTRATOR, Life, Throttle, check_password, token_hash
from civicam.access.ports import AccessStore, ChannelNames, Hasher
from civicam.access.settings import AccessSettings
from civicam.audit.facts import Actor, Entry, Result, Target
from civicam.audit.ports import AuditLog
from civicam.kernel.clock import Clock
from civicam.kernel.errors import CivicamError, Refused
from civicam.kernel.work import Work

TOUCH = timedelta(seconds=60)
"""A session's last use is written at most this often."""
HASHES_AT_ONCE = 2
"""Password hashes computed together: each takes 64 MiB and a core."""


class AccessService:
    """One for the process. ``token`` draws 256 random bits as text (injected: tests know what comes)."""

    def __init__(
        self,
        work: Work[AccessStore],
        hasher: Hasher,
        token: Callable[[], str],
        clock: Clock,
        settings: AccessSettings,
        audit: AuditLog,
    ) -> None:
        self._work = work
        self._hasher = hasher
        self._token = token
        self._clock = clock
        self._settings = settings
        self._audit = audit
        self.channel_names: ChannelNames | None = None
        """What channels are called: bootstrap plugs it in."""
        self._life = Life(
            timedelta(seconds=settings.session_idle_s), timedelta(seconds=settings.session_absolute_s)
        )
        self._throttle = Throttle(
            settings.login_free_attempts, settings.login_wait_s, settings.login_wait_most_s
        )
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    async def start(self) -> int:
        """End viewings that a crash left open; returns how many."""
        now = self._clock.now()
        return await self._work.write(lambda store: store.end_open_viewings(now))

    # -- people

    async def users(self) -> list[User]:
        """All users."""
        return await self._work.read(lambda store: store.users())

    async def needs_administrator(self) -> bool:
        """Whether nobody could log in: no administrator has a password yet."""
        return not any(each.has_password and each.enabled for each in await self.users())

    async def make_link(self, name: str = ADMINISTRATOR) -> str:
        """A one-time log-in token for ``name``; the administrator is made when there is no user at all.

        Raises `Refused` ``access.unknown-user``.
        """
        token, now = self._token(), self._clock.now()
        expires = now + timedelta(seconds=self._settings.link_ttl_s)

        def work(store: AccessStore) -> None:
            found = store.user_by_name(name)
            if found is None and name == ADMINISTRATOR and not store.users():
                made = User(UserId("u-" + token_hash(token)[:12]), name, "", Role.ADMINISTRATOR, False, True)
                store.add_user(made, now)
                found = (made, None)
            if found is None:
                raise Refused("access.unknown-user", name=name)
            store.add_link(token_hash(token), found[0].user_id, now, expires)

        await self._work.write(work)
        return token

    async def set_password(self, user: User, password: str, keep_session: str = "") -> None:
        """Set a password and end the user's other sessions. `Refused` ``access.password-…``."""
        check_password(password, user.name)
        async with self._hashing:
            hashed = await asyncio.to_thread(self._hasher.hash, password)

        def work(store: AccessStore) -> None:
            store.set_password(user.user_id, hashed)
            store.end_sessions_of(user.user_id, token_hash(keep_session))

        await self._work.write(work)

    async def user(self, name: str) -> User:
        """By name; `Refused` ``access.unknown-user``."""
        found = await self._work.read(lambda store: store.user_by_name(name))
        if found is None:
            raise Refused("access.unknown-user", name=name)
        return found[0]

    # -- sessions

    async def log_in_by_link(self, link: str, client: str) -> Login:
        """Use a one-time link up. `Refused` ``access.bad-link``, ``access.too-many-attempts``."""
        self._demand_patience(f"link@{client}")
        token, now = self._token(), self._clock.now()
        end = now + self._life.absolute

        def work(store: AccessStore) -> User | None:
            user = store.use_link(token_hash(link), now)
            if user is not None:
                store.add_session(token_hash(token), user.user_id, (now, end), client)
            return user

        user = await self._work.write(work)
        if user is None:
            self._throttle.failed(f"link@{client}", self._clock.monotonic())
            raise Refused("access.bad-link")
        return Login(token, user, end)

    async def log_in(self, name: str, password: str, client: str) -> Login:
        """By password. `Refused` ``access.bad-password`` (also for an unknown name),
        ``access.too-many-attempts``."""
        keys = (f"{name[:64]}@{client}", f"*@{client}")
        for key in keys:
            self._demand_patience(key)
        found = await self._work.read(lambda store: store.user_by_name(name))
        stored = found[1] if found is not None and found[0].enabled else None
        async with self._hashing:
            for key in keys:  # others may have failed while this one waited its turn
                self._demand_patience(key)
            fits = await asyncio.to_thread(self._hasher.verify, stored, password)
        if found is None or not fits:
            for key in keys:
                self._throttle.failed(key, self._clock.monotonic())
            raise Refused("access.bad-password")
        self._throttle.succeeded(keys[0])
        token, now = self._token(), self._clock.now()
        end, user = now + self._life.absolute, found[0]
        await self._work.write(
            lambda store: store.add_session(token_hash(token), user.user_id, (now, end), client)
        )
        return Login(token, user, end)

    def _demand_patience(self, key: str) -> None:
        wait = self._throttle.wait_s(key, self._clock.monotonic())
        if wait > 0:
            raise Refused("access.too-many-attempts", seconds=int(wait) + 1)

    async def session(self, token: str, touch: bool = True) -> User | None:
        """Whose session this is; None when it is unknown, over, or its user is disabled."""
        if not token or len(token) > 200:
            return None
        hashed, now = token_hash(token), self._clock.now()
        found = await self._work.read(lambda store: store.session(hashed))
        if found is None or not found.user.enabled:
            return None
        if self._life.is_over(found.created_at, found.seen_at, now):
            await self._work.write(lambda store: store.end_session(hashed))
            return None
        if touch and now - found.seen_at >= TOUCH:
            await self._work.write(lambda store: store.touch_session(hashed, now))
        return found.user

    async def log_out(self, token: str) -> None:
        """End a session. Idempotent."""
        await self._work.write(lambda store: store.end_session(token_hash(token)))

    # -- viewings

    async def begin_viewing(
        self, user: User, channel_id: str, stream: str, about: tuple[Purpose, str]
    ) -> Viewing:
        """Write who is about to look at what, why (``about``: purpose and client address) — or refuse.

        No line, no picture: `Refused` ``access.no-record`` when it cannot be written.
        """
        purpose, client = about
        viewing = Viewing(
            ViewingId(token_hash(self._token())[:32]),
            user.user_id,
            user.name,
            channel_id,
            stream,
            purpose,
            client,
            self._clock.now(),
        )
        try:
            await self._audit.append(await self._told(user, viewing))
            await self._work.write(lambda store: store.add_viewing(viewing))
        except CivicamError as error:
            reason = (
                str(error.data.get("reason", error.code)) if error.code == "audit.no-entry" else error.code
            )
            raise Refused("access.no-record", reason=reason) from error
        return viewing

    async def _told(self, user: User, viewing: Viewing) -> Entry:
        """A viewing as the audit log has it; the channel by the name it has now."""
        names = {} if self.channel_names is None else await self.channel_names([viewing.channel_id])
        return Entry(
            f"view.{viewing.stream}",
            Actor(user.user_id, user.name, user.role.value, "", viewing.client),
            Target("channel", viewing.channel_id, names.get(viewing.channel_id, "")),
            Result.ALLOWED,
            purpose=viewing.purpose.value,
            facts={"viewing": viewing.viewing_id},
        )

    async def end_viewing(self, viewing_id: ViewingId) -> None:
        """Write its end. Idempotent."""
        now = self._clock.now()
        await self._work.write(lambda store: store.end_viewing(viewing_id, now))
        await self._audit.append(Entry("view.end", facts={"viewing": viewing_id}))

    async def viewings(self, limit: int = 100) -> list[Viewing]:
        """The newest viewings."""
        return [each for each, _ in await self._work.read(lambda store: store.viewings(limit))]
