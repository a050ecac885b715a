"""The control socket: faults in, answers out. One JSON object a line, over a Unix socket.

    {"do": "fault", "kind": "power", "target": "FEED003"}      -> {"ok": true, "fault": 1, "devices": 7}
    {"do": "fault", "kind": "loss", "target": "<channel id>", "value": 0.02}
    {"do": "clear", "fault": 1}   {"do": "clear"}              -> {"ok": true, "devices": 7}
    {"do": "alarm", "target": "<channel id>", "method": 5, "type": 2, "priority": 1}
                                                               -> {"ok": true, "sent": {"notify": 1}}
    {"do": "reboot", "target": "<device id>"}   {"do": "list"}   {"do": "stats"}
    {"do": "heard"}                                            -> {"ok": true, "heard": [{"target": …}, …]}

What cannot be done is answered with ``"ok": false``, a code and a sentence.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from civicam.kernel.errors import CivicamError, Operational, Refused
from civicam.signalling.gb28181.manscdp.alarm import MAX_METHOD, MAX_TYPE
from civicam.simulator.faults import Faults
from civicam.simulator.notices import How, Raised

_MAX_LINE = 64 * 1024
_ANSWER_S = 10.0
_MOST = 1e12
_DESCRIPTION = 200


class Control:
    """Serves the socket. ``changed`` hears of devices whose condition changed, ``reboot`` of restarts;
    ``alarm`` lets a device send one and says how it went. ``tells`` answers questions by their ``do``.
    """

    def __init__(
        self, faults: Faults, *, changed: Callable[[str], None], reboot: Callable[[str], None],
        tells: Mapping[str, Callable[[], object]], alarm: Callable[[str, Raised], How],
    ) -> None:  # fmt: skip
        self._faults = faults
        self._changed = changed
        self._reboot = reboot
        self._tells = tells
        self._alarm = alarm
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def listen(self, path: Path) -> None:
        """Bind. A socket left by a dead process is replaced; a living one is not.

        Raises:
            Operational: ``simulator.control-in-use``.
        """
        _make_room(path)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=_MAX_LINE)
        except OSError as error:
            raise Operational("simulator.no-control", path=str(path), reason=str(error)) from error
        _only_mine(path)
        self._path = path

    async def aclose(self) -> None:
        """Stop serving and remove the socket."""
        if self._server is not None and self._path is not None:
            self._server.close()
            _remove(self._path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the client went away, or sent a line without end
        finally:
            writer.close()

    def answer(self, line: bytes) -> dict[str, object]:
        """One request, one answer; never raises."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise Refused("simulator.bad-request", reason="not a JSON object")
            return {"ok": True, **self._do(request)}
        except (ValueError, RecursionError) as error:
            refused: CivicamError = Refused("simulator.bad-request", reason=str(error))
        except CivicamError as error:
            refused = error
        return {"ok": False, "code": refused.code, "error": refused.text("en")}

    def _do(self, request: dict[str, Any]) -> dict[str, object]:
        match request.get("do"):
            case "fault":
                kind, target = str(request.get("kind", "")), str(request.get("target", ""))
                fault, hit = self._faults.add(kind, target, _number(request.get("value", 0)))
                self._tell(hit)
                return {"fault": fault.id, "devices": len(hit)}
            case "clear":
                number = request.get("fault")
                if number is not None and type(number) is not int:
                    raise Refused("simulator.bad-request", reason="fault is not a whole number")
                hit = self._faults.clear(number)
                self._tell(hit)
                return {"devices": len(hit)}
            case "reboot":
                hit = self._faults.devices_of("device", str(request.get("target", "")))
                for device in hit:
                    self._reboot(device)
                return {"devices": len(hit)}
            case "alarm":
                return {"sent": dict(self._raise(request))}
            case "list":
                return {"faults": [asdict(fault) for fault in self._faults.active.values()]}
            case str(question) if question in self._tells:
                return {question: self._tells[question]()}
            case other:
                known = ", ".join(("fault", "clear", "reboot", "alarm", "list", *self._tells))
                raise Refused("simulator.bad-request", reason=f"do {other!r} is none of {known}")

    def _raise(self, request: dict[str, Any]) -> Counter[How]:
        """Alarms of the channel named, else of the devices behind the target; how many went how."""
        target = str(request.get("target", ""))
        wanted = Raised(
            source=target,
            method=_whole(request.get("method", 5), "method", MAX_METHOD),
            type=_whole(request.get("type", 2), "type", MAX_TYPE),
            priority=_whole(request.get("priority", 3), "priority", 4),
            description=str(request.get("description", ""))[:_DESCRIPTION],
        )
        channel = any(each.gb_id == target for each in self._faults.city.channels)
        return Counter(
            self._alarm(device, wanted if channel else replace(wanted, source=device))
            for device in sorted(self._faults.devices_of("device", target))
        )

    def _tell(self, hit: set[str]) -> None:
        for device in sorted(hit):
            self._changed(device)


def _number(value: object) -> float:
    """A finite number; `Refused` for anything else JSON can say."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) < _MOST:
        raise Refused("simulator.bad-request", reason="value is not a number")
    return float(value)


def _whole(value: object, name: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise Refused("simulator.bad-request", reason=f"{name} is not a whole number up to {most}")
    return value


def _make_room(path: Path) -> None:
    if path.is_socket():
        if _answers(path):
            raise Operational("simulator.control-in-use", path=str(path))
        path.unlink()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _only_mine(path: Path) -> None:
    path.chmod(0o600)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def ask(path: Path, request: dict[str, object]) -> dict[str, Any]:
    """Send one request to a running simulator and give its answer.

    Raises:
        Operational: ``simulator.no-control`` when nobody listens or nothing comes back.
    """
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_S)
        try:
            client.connect(str(path))
            client.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(client.makefile("rb").readline())
        except (OSError, ValueError) as error:
            raise Operational("simulator.no-control", path=str(path), reason=str(error)) from error
    if not isinstance(answer, dict):
        raise Operational("simulator.no-control", path=str(path), reason="no answer")
    return answer
