"""The registering side: challenge, refresh, heartbeat, retreat."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicam.signalling.gb28181.registration import (
    RegistrationAction,
    RegistrationClient,
    RegistrationState,
    RegistrationTimes,
    SendKeepalive,
    SendRegister,
    WentOffline,
    WentOnline,
)

CHALLENGE = 'Digest realm="3402000000", nonce="n1", algorithm=MD5'


def client(times: RegistrationTimes | None = None) -> RegistrationClient:
    count = itertools.count(1)
    return RegistrationClient(
        times or RegistrationTimes(), new_id=lambda: f"call-{next(count)}", jitter=lambda: 0.0
    )


def actions(made: RegistrationClient) -> list[RegistrationAction]:
    found = []
    while (action := made.next_action()) is not None:
        found.append(action)
    return found


def registered(expires: int = 86_400) -> RegistrationClient:
    made = client()
    made.start(0)
    made.register_answered(401, 0, challenge=CHALLENGE)
    made.register_answered(200, 0, expires=expires)
    actions(made)
    return made


def test_challenge_is_answered_in_the_same_call() -> None:
    made = client()
    assert made.get_timer() is None
    made.start(0)
    (first,) = actions(made)
    assert isinstance(first, SendRegister)
    assert (first.cseq, first.challenge) == (1, None)
    made.register_answered(401, 0.1, challenge=CHALLENGE)
    assert actions(made) == [SendRegister(first.call_id, 2, 86_400, CHALLENGE)]
    made.register_answered(200, 0.2, expires=86_400)
    assert actions(made) == [WentOnline()]
    assert made.online
    made.start(1)
    assert actions(made) == []


def test_second_401_is_a_failure_unless_it_says_stale() -> None:
    made = client()
    made.start(0)
    made.register_answered(401, 0, challenge=CHALLENGE)
    made.register_answered(401, 0, challenge=CHALLENGE + ", stale=TRUE")
    assert made.state.value == "registering"
    made.register_answered(401, 0, challenge=CHALLENGE)
    assert made.state.value == "waiting"
    assert not made.online


def test_retry_waits_a_minute_and_longer_each_time() -> None:
    made = client()
    made.start(0)
    starts, now = [0.0], 0.0
    for _ in range(6):
        made.register_answered(403, now)
        actions(made)
        timer = made.get_timer()
        assert timer is not None
        now = timer
        made.handle_timer(now - 0.1)
        assert actions(made) == []
        made.handle_timer(now)
        (again,) = actions(made)
        assert isinstance(again, SendRegister)
        assert again.cseq == 1
        starts.append(now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert gaps == [60, 120, 240, 480, 960, 960]


def test_retry_after_is_obeyed_when_it_is_longer() -> None:
    made = client()
    made.start(0)
    made.register_answered(503, 0, retry_after=300)
    assert made.get_timer() == 300
    made.start(1)
    made.register_timed_out(2)
    assert made.get_timer() == 122


def test_refresh_keeps_the_call_and_the_heartbeat() -> None:
    made = registered(3600)
    beats, timer = 0, None
    refresh: list[SendRegister] = []
    while not refresh:
        timer = made.get_timer()
        assert timer is not None
        made.handle_timer(timer)
        for action in actions(made):
            if isinstance(action, SendKeepalive):
                beats += 1
                made.keepalive_answered(200, timer)
            elif isinstance(action, SendRegister):
                refresh.append(action)
    assert (timer, refresh[0].call_id, refresh[0].cseq) == (2880.0, "call-2", 3)
    assert beats == 48
    assert made.online
    made.register_answered(200, 2880, expires=3600)
    assert actions(made) == []


def test_heartbeats_missed_in_a_row_end_it() -> None:
    made = registered()
    made.keepalive_answered(None, 60)
    made.keepalive_answered(403, 120)
    made.keepalive_answered(200, 180)
    made.keepalive_answered(None, 240)
    made.keepalive_answered(None, 300)
    assert made.online
    made.keepalive_answered(None, 360)
    assert actions(made) == [WentOffline("signalling.heartbeat-lost")]
    assert made.get_timer() == 420
    made.keepalive_answered(None, 361)
    assert actions(made) == []


def test_goodbye_is_challenged_too() -> None:
    made = registered()
    made.stop(10)
    (first,) = actions(made)
    assert isinstance(first, SendRegister)
    assert first.expires == 0
    made.register_answered(401, 10, challenge=CHALLENGE)
    (second,) = actions(made)
    assert isinstance(second, SendRegister)
    assert (second.expires, second.challenge) == (0, CHALLENGE)
    made.register_answered(200, 10)
    assert (made.state, made.get_timer()) == (RegistrationState.IDLE, None)


@pytest.mark.parametrize("end", ["timeout", "not registered"])
def test_goodbye_nobody_hears(end: str) -> None:
    made = registered() if end == "timeout" else client()
    made.stop(1)
    made.register_timed_out(33)
    assert (made.state, made.get_timer()) == (RegistrationState.IDLE, None)
    made.connection_lost(40)
    assert made.state is RegistrationState.IDLE


def test_broken_connection_means_a_new_registration() -> None:
    made = registered()
    made.connection_lost(5)
    assert actions(made) == [WentOffline("signalling.connection-lost")]
    made.register_answered(200, 6)
    assert made.state is RegistrationState.WAITING


ELSEWHERE = "sip:34020000002000000002@10.0.0.2:5060"


def redirected() -> RegistrationClient:
    """Challenged, sent elsewhere, challenged there, let in."""
    made = client()
    made.start(0)
    made.register_answered(401, 0, challenge=CHALLENGE)
    made.redirected(ELSEWHERE, 0)
    made.register_answered(401, 0, challenge=CHALLENGE)
    made.register_answered(200, 0, expires=86_400)
    return made


def test_a_redirect_is_followed_at_once() -> None:
    """Another Call-ID, counted from 1, without the first server's nonce; heartbeats go to the new one."""
    made = redirected()
    assert [each for each in actions(made) if isinstance(each, SendRegister)] == [
        SendRegister("call-2", 1, 86_400, None),
        SendRegister("call-2", 2, 86_400, CHALLENGE),
        SendRegister("call-3", 1, 86_400, None),
        SendRegister("call-3", 2, 86_400, CHALLENGE),
    ]
    assert (made.online, made.server) == (True, ELSEWHERE)
    made.redirected("sip:late@10.0.0.3", 1)
    assert (actions(made), made.server) == ([], ELSEWHERE)


@pytest.mark.parametrize("end", ["miss", "lost", "403", "500", "timeout"])
def test_a_server_that_fails_leads_back_to_the_one_that_sent_us(end: str) -> None:
    """Offline or refusing (2022 §9.1.2.3): after the pause we ask the first server again."""
    made = redirected()
    actions(made)
    if end in {"403", "500", "timeout"}:
        made.handle_timer(70_000)  # the refresh
        feed(made, end, 70_001)
    else:
        for _ in range(3):
            feed(made, end, 100)
    assert (made.state, made.server) == (RegistrationState.WAITING, "")
    actions(made)
    made.handle_timer(71_000)
    (again,) = actions(made)
    assert isinstance(again, SendRegister)
    assert (again.cseq, again.challenge) == (1, None)


def test_servers_that_send_us_in_a_circle_are_left_alone_for_a_while() -> None:
    made = client()
    made.start(0)
    for _ in range(4):
        made.redirected(ELSEWHERE, 0)
    assert made.state is RegistrationState.WAITING
    assert len(actions(made)) == 4
    assert made.get_timer() == 60


def test_a_redirect_of_a_refresh_does_not_take_us_offline() -> None:
    made = registered()
    made.handle_timer(69_120)
    made.redirected(ELSEWHERE, 69_121)
    made.register_answered(200, 69_121, expires=3600)
    found = actions(made)
    assert not [each for each in found if isinstance(each, WentOnline | WentOffline)]
    assert (made.online, made.server) == (True, ELSEWHERE)


EVENTS = st.sampled_from(
    ["302", "500", "start", "stop", "200", "401", "403", "timeout", "beat", "miss", "lost", "timer"]
)


def feed(made: RegistrationClient, event: str, now: float) -> None:
    """One event of any kind at any time."""
    table: dict[str, Callable[[], None]] = {
        "start": lambda: made.start(now),
        "stop": lambda: made.stop(now),
        "200": lambda: made.register_answered(200, now),
        "401": lambda: made.register_answered(401, now, challenge=CHALLENGE),
        "302": lambda: made.redirected(ELSEWHERE, now),
        "403": lambda: made.register_answered(403, now),
        "500": lambda: made.register_answered(500, now),
        "timeout": lambda: made.register_timed_out(now),
        "beat": lambda: made.keepalive_answered(200, now),
        "miss": lambda: made.keepalive_answered(None, now),
        "lost": lambda: made.connection_lost(now),
        "timer": lambda: made.handle_timer(now),
    }
    table[event]()


@given(st.lists(st.tuples(EVENTS, st.floats(0, 2000)), max_size=40))
def test_online_and_offline_alternate_whatever_happens(events: list[tuple[str, float]]) -> None:
    made = client()
    now, said = 0.0, [False]
    for event, gap in events:
        now += gap
        feed(made, event, now)
        for action in actions(made):
            if isinstance(action, WentOnline | WentOffline):
                online = isinstance(action, WentOnline)
                assert online or said[-1]
                said.append(online)
        waits = {RegistrationState.WAITING, RegistrationState.REGISTERED}
        assert (made.get_timer() is not None) or made.state not in waits
