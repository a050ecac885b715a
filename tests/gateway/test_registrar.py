"""Who may come in, decided without wire or store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from civicam.fleet.facts import DeviceCredentials, DeviceId
from civicam.gateway.admission import WrongPasswords
from civicam.gateway.registrar import Claim, Guard, Verdict, granted, read_claim
from civicam.kernel.errors import Refused
from civicam.signalling.gb28181.ids import GbId
from civicam.signalling.sip import digest
from civicam.signalling.sip.message import Headers, Request
from civicam.signalling.sip.nonce import NonceBook

OWN = GbId("34020000002000000001")
CAM = GbId("34020000001320000001")
REALM = "3402000000"
KNOWN = DeviceCredentials(DeviceId("d1"), CAM, digest.ha1(CAM, REALM, "example-9"), True, REALM)


class Door:
    """A guard and what a camera needs to answer it."""

    def __init__(self, algorithms: tuple[str, ...] = ("MD5",)) -> None:
        self.nonces = NonceBook(b"0123456789abcdef")
        self.guard = Guard(OWN, self.nonces, WrongPasswords(3, 60), algorithms)

    def proof(
        self, now: float, password: str = "example-9", username: str = CAM, nonce: str = "",
        algorithm: str = "MD5",
    ) -> digest.Authorization:  # fmt: skip
        """The Authorization of a REGISTER."""
        question = digest.Challenge(REALM, nonce or self.nonces.issue(CAM, now), algorithm, "auth")
        value = digest.answer(
            question, digest.Password(username, password), "REGISTER", f"sip:{OWN}@x", "c0ffee"
        )
        found = digest.parse_authorization(value)
        assert found is not None
        return found

    def judge(
        self, auth: digest.Authorization | None, now: float, known: DeviceCredentials | None
    ) -> Verdict:
        """The verdict for this camera."""
        return self.guard.judge(Claim(CAM, "10.0.0.9", auth, None), known, now)


def test_first_is_challenged_then_let_in() -> None:
    door = Door()
    assert door.judge(None, 0, KNOWN) is Verdict.CHALLENGE
    assert door.judge(door.proof(0), 0.1, KNOWN) is Verdict.ACCEPT


def test_unknown_and_disabled() -> None:
    door = Door()
    assert door.judge(None, 0, None) is Verdict.UNKNOWN
    assert door.judge(door.proof(0), 0, replace(KNOWN, enabled=False)) is Verdict.DISABLED


def test_own_id_never_reaches_the_store() -> None:
    assert Door().guard.before_lookup(Claim(OWN, "h", None, None), 0) is Verdict.OWN_ID


@pytest.mark.parametrize("nonce", ["made-up", "0" * 38])
def test_nonce_that_is_not_ours_is_challenged_anew(nonce: str) -> None:
    door = Door()
    assert door.judge(door.proof(0, nonce=nonce), 0, KNOWN) is Verdict.STALE


def test_old_nonce_and_replay_are_challenged_anew() -> None:
    door = Door()
    auth = door.proof(0)
    assert door.judge(auth, 1, KNOWN) is Verdict.ACCEPT
    assert door.judge(auth, 2, KNOWN) is Verdict.ACCEPT  # the same REGISTER by another path
    assert door.judge(auth, 30, KNOWN) is Verdict.STALE
    assert door.judge(door.proof(0), 1000, KNOWN) is Verdict.STALE


def test_nonce_of_another_device_is_worth_nothing() -> None:
    door = Door()
    auth = door.proof(0, nonce=door.nonces.issue("34020000001320000002", 0))
    assert door.judge(auth, 0, KNOWN) is Verdict.STALE


def test_series_of_wrong_passwords() -> None:
    door = Door()
    claim = Claim(CAM, "10.0.0.9", None, None)
    for now in range(3):
        assert door.guard.before_lookup(claim, now) is None
        assert door.judge(door.proof(now, "wrong"), now, KNOWN) is Verdict.WRONG_PASSWORD
    assert door.guard.before_lookup(claim, 3) is Verdict.TOO_MANY
    assert door.guard.before_lookup(claim._replace(host="10.0.0.1"), 3) is None


def test_sip_user_that_differs_from_the_device_id() -> None:
    """Devices have an authentication id of their own: HA1 holds it once the operator has entered it."""
    door = Door()
    assert door.judge(door.proof(0, username="admin"), 0, KNOWN) is Verdict.WRONG_USER
    entered = replace(KNOWN, ha1_md5=digest.ha1("admin", REALM, "example-9"), username="admin")
    assert door.judge(door.proof(0, username="admin"), 0, entered) is Verdict.ACCEPT
    assert door.judge(door.proof(0, "wrong", username="admin"), 0, entered) is Verdict.WRONG_PASSWORD
    assert door.judge(door.proof(0), 0, entered) is Verdict.WRONG_USER


BOTH = replace(KNOWN, ha1_sha256=digest.ha1(CAM, REALM, "example-9", "SHA-256"))


@pytest.mark.parametrize(
    ("algorithms", "known", "algorithm", "verdict"),
    [
        (("MD5",), BOTH, "MD5", Verdict.ACCEPT),
        (("MD5",), BOTH, "SHA-256", Verdict.CHALLENGE),  # not offered
        (("MD5", "SHA-256"), BOTH, "SHA-256", Verdict.ACCEPT),
        (("SHA-256", "MD5"), BOTH, "MD5", Verdict.ACCEPT),
        (("SHA-256", "MD5"), KNOWN, "SHA-256", Verdict.CHALLENGE),  # entered before we kept it
        (("SHA-256", "MD5"), KNOWN, "MD5", Verdict.ACCEPT),
        (("SHA-256",), BOTH, "SHA-256", Verdict.ACCEPT),
        (("SHA-256",), BOTH, "MD5", Verdict.CHALLENGE),  # no way down to the weaker one
        (("SHA-256",), KNOWN, "SHA-256", Verdict.NO_SECRET),
        (("SHA-256",), KNOWN, "MD5", Verdict.NO_SECRET),
    ],
)
def test_algorithms(
    algorithms: tuple[str, ...], known: DeviceCredentials, algorithm: str, verdict: Verdict
) -> None:
    """RFC 8760: what the setting offers and the store can check."""
    door = Door(algorithms)
    assert door.judge(door.proof(0, algorithm=algorithm), 0, known) is verdict
    if verdict is Verdict.ACCEPT:
        wrong = door.proof(1, "wrong", algorithm=algorithm)
        assert door.judge(wrong, 1, known) is Verdict.WRONG_PASSWORD


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 3600), (0, 0), (60, 60), (86_400, 86_400), (2**32 - 1, 86_400)]
)
def test_expiry(asked: int | None, seconds: int) -> None:
    assert granted(asked, 3600, 86_400) == seconds


def register(from_: str, to: str) -> Request:
    """A REGISTER with these addresses."""
    return Request("REGISTER", f"sip:{OWN}@x", Headers([("From", from_), ("To", to), ("Expires", "60")]))


def test_claim_is_read() -> None:
    claim = read_claim(register(f"<sip:{CAM}@x>;tag=1", f"<sip:{CAM}@10.0.0.1:5060>"), "10.0.0.9")
    assert claim == Claim(CAM, "10.0.0.9", None, 60)


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (f"<sip:{CAM}@x>;tag=1", f"<sip:{OWN}@x>"),
        ("<sip:camera@x>;tag=1", "<sip:camera@x>"),
        ("<sip:x>;tag=1", "<sip:x>"),
        (f"<sip:{CAM}@x>;tag=1", "<http://www.example.com>"),
        ("<http://www.example.com>;tag=1", f"<sip:{CAM}@x>"),
    ],
)
def test_addresses_that_are_no_device(from_: str, to: str) -> None:
    with pytest.raises(Refused) as caught:
        read_claim(register(from_, to), "h")
    assert caught.value.code == "signalling.bad-id"


def test_the_first_proof_we_can_read_counts() -> None:
    """A client may answer every challenge, and some of them by schemes we do not have."""
    request = register(f"<sip:{CAM}@x>;tag=1", f"<sip:{CAM}@x>")
    shape = 'Digest username="u", realm="r", nonce="{}", uri="sip:x", response="0", algorithm={}'
    for nonce, algorithm in (("1", "SM3"), ("2", "SHA-256"), ("3", "MD5")):
        request.headers.add("Authorization", shape.format(nonce, algorithm))
    claim = read_claim(request, "h")
    assert claim.authorization is not None
    assert claim.authorization.nonce == "2"
