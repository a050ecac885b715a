"""What an ask for pictures comes to, by the clock of the test."""

from __future__ import annotations

import pytest

from civicam.gateway.shoot import FEWER_CAME, NONE_CAME, Kept, Shoot
from civicam.kernel.errors import Refused

MB = 1 << 20


def shoot(wanted: int = 2) -> Shoot:
    return Shoot(wanted, 60.0, 10.0, 16 * MB)


def kept(number: int, name: str = "") -> Kept:
    return Kept(f"{number:064x}", name, 1000, 640, 360)


def test_all_pictures_end_it_without_any_notice() -> None:
    one = shoot()
    one.keep(kept(1), 1.0)
    assert one.stage == "arriving"
    one.keep(kept(2), 2.0)
    assert (one.stage, one.code, one.get_timer()) == ("done", "", 12.0)


def test_the_notice_before_the_last_upload_only_ends_the_waiting() -> None:
    one = shoot()
    one.keep(kept(1), 1.0)
    one.finished(2, 2.0)
    assert (one.stage, one.told, one.get_timer()) == ("arriving", 2, 12.0)
    one.keep(kept(2), 5.0)
    assert one.stage == "done"


def test_a_device_that_gives_up_is_not_waited_for_longer() -> None:
    one = shoot()
    one.keep(kept(1), 1.0)
    one.finished(1, 2.0)
    assert one.handle_timer(11.9)
    assert one.stage == "arriving"
    assert one.handle_timer(12.0)
    assert (one.stage, one.code, len(one.pictures)) == ("failed", FEWER_CAME, 1)
    assert one.handle_timer(21.9)
    assert not one.handle_timer(22.0)  # the address is closed


def test_a_device_that_says_nothing_fails_in_time() -> None:
    one = shoot()
    one.handle_timer(60.0)
    assert (one.stage, one.code) == ("failed", NONE_CAME)


def test_the_notice_never_makes_the_waiting_longer() -> None:
    one = shoot()
    one.finished(0, 58.0)
    assert one.get_timer() == 60.0


@pytest.mark.parametrize(
    ("first", "second", "offer"),
    [
        (kept(1, "a.jpg"), kept(1, "a.jpg"), "copy"),  # our answer was lost
        (kept(1, "a.jpg"), kept(1), "copy"),
        (kept(1), kept(1, "a.jpg"), "copy"),
        (kept(1, "a.jpg"), kept(1, "b.jpg"), "new"),  # a still scene
        (kept(1, "a.jpg"), kept(2, "a.jpg"), "new"),  # every picture has one name
        (kept(1), kept(2), "new"),
    ],
)
def test_copies_are_told_from_pictures(first: Kept, second: Kept, offer: str) -> None:
    one = shoot()
    one.keep(first, 1.0)
    assert one.offer(second.digest, second.name) == offer


def test_one_too_many_is_not_taken() -> None:
    one = shoot(1)
    one.keep(kept(1), 1.0)
    assert one.offer(kept(2).digest, "") == "beyond"
    assert one.offer(kept(1).digest, "") == "copy"


def test_the_address_closes_a_little_after_the_end() -> None:
    one = shoot(1)
    one.admit(1.0)
    one.keep(kept(1), 2.0)
    one.admit(11.9)  # the device asks for the answer that was lost
    with pytest.raises(Refused, match=r"gateway\.snapshot-over"):
        one.admit(12.0)


def test_nobody_is_admitted_after_a_failure_nor_for_ever() -> None:
    failed = shoot()
    failed.fail("gateway.snapshot-refused", 1.0)
    with pytest.raises(Refused, match=r"gateway\.snapshot-over"):
        failed.admit(1.0)
    patient = shoot()
    for _ in range(3 * 2 + 8):
        patient.admit(1.0)
    with pytest.raises(Refused, match=r"gateway\.snapshot-over"):
        patient.admit(1.0)


def test_the_first_end_stands() -> None:
    one = shoot(1)
    one.keep(kept(1), 1.0)
    one.fail("gateway.snapshot-refused", 2.0)
    one.finished(0, 2.0)
    assert (one.stage, one.code, one.told) == ("done", "", None)


def test_bytes_are_counted_whatever_becomes_of_them() -> None:
    one = shoot()
    assert one.spend(16 * MB)
    assert not one.spend(1)
