"""``civicam simulate``: a city on the real wire, its description, and its faults.

`app` is mounted by the command line; everything it does is in `civicam.simulator.run`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from civicam.kernel.errors import CivicamError, Refused
from civicam.simulator.city import Grouping, Plan, Scale, fixed_secrets, generate
from civicam.simulator.description import City, dump, load
from civicam.simulator.options import Light, Options, Weather, parse_address

app = typer.Typer(
    name="simulate",
    help="A simulated city on the real wire: cameras, recorders and encoders that register and stream.",
    invoke_without_command=True,
    no_args_is_help=False,
)


@app.callback()
def simulate(  # noqa: PLR0913 - Typer reads one parameter an option
    context: typer.Context,
    *,
    city: Annotated[str, typer.Option(help="Description of the city (civicam-city/1); - reads stdin.")] = "",
    server: Annotated[str, typer.Option(help="HOST:PORT of the platform's SIP.")] = "127.0.0.1:5060",
    address: Annotated[str, typer.Option(help="Own address in Contact and SDP; default by route.")] = "",
    rtsp: Annotated[
        str, typer.Option(help="HOST:PORT of the RTSP server; port 0: as in the URLs.")
    ] = "127.0.0.1:0",
    footage: Annotated[Path | None, typer.Option(help="Play the recordings of this folder, looped.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same scenes.")] = 1,
    control: Annotated[Path | None, typer.Option(help="Unix socket for faults.")] = None,
    signalling_only: Annotated[bool, typer.Option(help="No media: INVITE is refused with 488.")] = False,
    channels: Annotated[int, typer.Option(help="Take only the first N channels; 0: all.", min=0)] = 0,
    scale: Annotated[Scale, typer.Option(help="City to invent when --city is not given.")] = "district",
    light: Annotated[Light, typer.Option(help="Light of the scenes.")] = "mixed",
    weather: Annotated[Weather, typer.Option(help="Weather of the scenes.")] = "mixed",
    sockets: Annotated[int, typer.Option(help="UDP sockets; 0: one for every 64 devices.", min=0)] = 0,
    workshops: Annotated[int, typer.Option(help="Processes that draw and code; 0: by cores.", min=0)] = 0,
    spread: Annotated[float, typer.Option(help="Seconds over which devices start.", min=0)] = 3.0,
    retry: Annotated[float, typer.Option(help="Least seconds after a failed registration.", min=1)] = 60.0,
    expires: Annotated[int, typer.Option(help="Registration lifetime in seconds.", min=1)] = 86_400,
    heartbeat: Annotated[int, typer.Option(help="Heartbeat interval; 0: as described.", min=0)] = 0,
    unregister: Annotated[bool, typer.Option(help="Unregister every device at the end.")] = False,
    duration: Annotated[float, typer.Option("--for", help="Stop after seconds; 0: at Ctrl-C.", min=0)] = 0,
    report: Annotated[
        float, typer.Option(help="Print statistics every N seconds; 0: at the end.", min=0)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Statistics as JSON lines.")] = False,
) -> None:
    """Play a city against a platform until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    from civicam.simulator.run import (
        Reporting,
        main,
    )  # drawing and encoding load slowly; describe needs neither

    try:
        described = _first(read_city(city) if city else invent(Plan(seed, scale), fixed=True), channels)
        options = Options(
            server=parse_address(server, 5060),
            address=address,
            rtsp=parse_address(rtsp, 0),
            footage=footage,
            seed=seed,
            control=control,
            signalling_only=signalling_only,
            light=light,
            weather=weather,
            sockets=sockets,
            workshops=workshops,
            spread_s=spread,
            retry_s=retry,
            expires_s=expires,
            heartbeat_s=heartbeat,
            unregister=unregister,
        )
        raise typer.Exit(main(described, options, Reporting(duration, report, as_json)))
    except CivicamError as error:
        raise _failed(error) from None


@app.command()
def describe(
    *,
    seed: Annotated[int, typer.Option(help="Same seed, same city.")] = 1,
    scale: Annotated[Scale, typer.Option(help="60 sites and 150 channels, or 2,343 and 5,892.")] = "district",
    devices: Annotated[
        Grouping | None, typer.Option(help="One device a site or a channel, or mixed.")
    ] = None,
    rtsp: Annotated[bool | None, typer.Option(help="RTSP sources among the devices.")] = None,
    rtsp_base: Annotated[str, typer.Option(help="Start of the RTSP URLs.")] = "rtsp://127.0.0.1:8554",
    test_secrets: Annotated[
        bool, typer.Option("--fixed-secrets", help="Secrets follow the seed: for tests only.")
    ] = False,
) -> None:
    """Print the description of an invented city, for `simulate --city` and `import`."""
    district = scale == "district"
    plan = Plan(
        seed=seed,
        scale=scale,
        grouping=devices or ("mixed" if district else "site"),
        rtsp=district if rtsp is None else rtsp,
        rtsp_base=rtsp_base.rstrip("/"),
    )
    sys.stdout.write(dump(invent(plan, fixed=test_secrets)))


@app.command()
def fault(
    control: Annotated[Path, typer.Argument(help="The control socket of a running simulator.")],
    do: Annotated[str, typer.Argument(help="A kind of fault, or: list, clear, reboot, stats, heard.")],
    target: Annotated[str, typer.Argument(help="Feed, fibre, site, device, channel, or all.")] = "",
    value: Annotated[float, typer.Argument(help="Loss 0..1, delay in s, clock error in s.")] = 0.0,
) -> None:
    """Break something in a running simulated city, or mend it.

    Kinds: power, fibre, device, channel-off, loss, delay, frozen, black, clock, stop-mid-frame, garbage,
    no-bye-answer, wrong-ssrc, and the habits of the reference page. `clear` takes a fault's number as target,
    or nothing for all.
    """
    request: dict[str, object] = {"do": "fault", "kind": do, "target": target, "value": value}
    if do == "clear":
        request = {"do": "clear", "fault": int(target)} if target.isdigit() else {"do": "clear"}
    elif do in ("list", "stats", "heard", "reboot"):
        request = {"do": do, "target": target}
    _order(control, request)


@app.command()
def alarm(
    control: Annotated[Path, typer.Argument(help="The control socket of a running simulator.")],
    target: Annotated[str, typer.Argument(help="Channel, device, site, or all.")],
    *,
    method: Annotated[int, typer.Option(help="AlarmMethod: 2 device, 5 video, 6 device fault.", min=1)] = 5,
    kind: Annotated[int, typer.Option("--type", help="AlarmType within the method.", min=0)] = 2,
    priority: Annotated[int, typer.Option(help="1 (highest) to 4.", min=1, max=4)] = 3,
) -> None:
    """Let devices of a running simulated city send an alarm."""
    _order(
        control,
        {"do": "alarm", "target": target, "method": method, "type": kind, "priority": priority},
    )


def _order(control: Path, request: dict[str, object]) -> None:
    """Send one order, print the answer, end with 2 when it was refused."""
    from civicam.simulator.control import ask  # a socket is not needed to describe a city

    try:
        answer = ask(control, request)
    except CivicamError as error:
        raise _failed(error) from None
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    if not answer.get("ok"):
        raise typer.Exit(2)


def invent(plan: Plan, *, fixed: bool) -> City:
    """The city of ``plan``; ``fixed`` secrets follow its seed, the others are new each time."""
    return generate(plan, fixed_secrets(plan.seed) if fixed else None)


def read_city(path: str) -> City:
    """Read a description from a file, or from stdin for ``-``.

    Raises:
        Refused: ``simulator.no-city`` when it cannot be read, ``simulator.bad-city`` when it is not sound.
    """
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("simulator.no-city", path=path, reason=str(error)) from None
    return load(text)


def _first(city: City, count: int) -> City:
    """The city cut down to its first ``count`` channels and their devices; 0 keeps all."""
    if not count or count >= len(city.channels):
        return city
    kept = city.channels[:count]
    owners = {channel.device for channel in kept}
    return replace(city, channels=kept, devices=tuple(d for d in city.devices if d.gb_id in owners))


def _failed(error: CivicamError) -> typer.Exit:
    sys.stderr.write(f"civicam simulate: {error}\n")
    return typer.Exit(2)
