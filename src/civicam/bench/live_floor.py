"""The floor under the live figures: a bare WebSocket server that sends as many bytes as the stream does."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve


@contextmanager
def echo_server(size: int, interval_s: float) -> Iterator[str]:
    """The URL of a server whose messages of ``size`` bytes begin with the Unix ms of their sending (f64)."""
    filler = bytes(max(0, size - 8))

    def send(connection: ServerConnection) -> None:
        try:
            while True:
                connection.send(struct.pack("!d", time.time() * 1000) + filler)
                time.sleep(interval_s)
        except ConnectionClosed:
            return

    with serve(send, "127.0.0.1", 0, compression=None) as server:
        port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{port}/"
        finally:
            server.shutdown()
            thread.join()
