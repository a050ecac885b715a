"""``/upload/{token}``: where a device brings pictures it was asked for (GB/T 28181-2022, SnapShotConfig).

No session is asked for here: the address itself is the right, for one ask and a short time; everything else
is judged by the gateway (`civicam.gateway.snapshots`). POST and PUT are taken, a form or the bare picture.
What the path says after the token, and what the form calls its files, decides nothing.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from civicam.kernel.errors import CivicamError, Operational, Side
from civicam.web.delivery import DeliveryReader, PictureBegins, PictureData, PictureEnds, Step
from civicam.web.orders import Intake

log = structlog.get_logger("civicam.web")

SLOW = "web.upload-slow"
_SESSION = "sessionid"


async def take_upload(request: Request) -> Response:
    """200 when every picture of the upload is kept, or was there already."""
    snapshots = request.app.state.services.operator.operations.snapshots
    host = request.client.host if request.client is not None else ""
    async with snapshots.admit(request.path_params["token"], host) as intake:
        try:
            async with asyncio.timeout(snapshots.upload_s):
                await _read(request, intake)
        except TimeoutError:
            raise Operational(SLOW, side=Side.REMOTE) from None
        except ClientDisconnect:  # nobody is left to hear it
            log.info("upload.broken-off", host=host)
            return PlainTextResponse("", 400)
        except CivicamError as error:
            log.info("upload.refused", host=host, code=error.code)
            raise
    return PlainTextResponse("OK\n")


async def _read(request: Request, intake: Intake) -> None:
    reader = DeliveryReader()
    async for piece in request.stream():
        intake.arrived(len(piece))
        for step in reader.feed(piece):
            await _follow(step, intake)
    for step in reader.end():
        await _follow(step, intake)
    named = {key.lower().replace("_", ""): value for key, value in request.query_params.items()}
    await intake.keep(reader.session_id or named.get(_SESSION, ""))


async def _follow(step: Step, intake: Intake) -> None:
    match step:
        case PictureBegins(name):
            await intake.begin(name)
        case PictureData(data):
            await intake.write(data)
        case PictureEnds():
            await intake.end()
