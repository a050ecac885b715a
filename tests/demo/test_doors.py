"""Ports: the usual ones while they are free, others with a word about it when not."""

from __future__ import annotations

import socket

import pytest

from civicam.demo.doors import LOOPBACK, any_free, choose, is_free


def test_free_ports_stay_where_people_expect_them() -> None:
    """Nothing is said when nothing moved."""
    doors = choose(LOOPBACK, free=lambda host, port: True)
    assert (doors.web, doors.sip, doors.viewer, doors.rtsp) == (8080, 5060, 8081, 8554)
    assert doors.moved == ()


@pytest.mark.parametrize(
    ("port", "name"), [(8080, "HTTP"), (5060, "SIP"), (8554, "RTSP"), (8082, "WebSocket")]
)
def test_a_taken_port_moves_and_is_told(port: int, name: str) -> None:
    """Only the taken one moves."""
    doors = choose(LOOPBACK, viewers=2, free=lambda host, asked: asked != port)
    assert len(doors.moved) == 1
    assert doors.moved[0].startswith(name)
    assert port not in (doors.web, doors.sip, doors.rtsp)
    assert (doors.viewer == 0) is (name == "WebSocket")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_bound_port_is_seen(kind: socket.SocketKind) -> None:
    """For TCP and for UDP: SIP needs both."""
    port = any_free(LOOPBACK)
    assert is_free(LOOPBACK, port)
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((LOOPBACK, port))
        if kind is socket.SOCK_STREAM:
            other.listen()
        assert not is_free(LOOPBACK, port)


def test_the_ports_reach_the_server_as_settings() -> None:
    """By the environment, under the names `civicam.config` knows."""
    environment = choose(LOOPBACK, free=lambda host, port: True).environment()
    assert environment["CIVICAM_WEB__PORT"] == "8080"
    assert environment["CIVICAM_GATEWAY__PORT"] == "5060"
    assert environment["CIVICAM_MEDIA__VIEWER_PORT"] == "8081"
