"""Write the sample city's base maps into ui/public/map: seeded, so that running it again changes nothing."""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

from civicam.simulator.city import Plan, Scale, fixed_secrets, generate
from tools.basemap.ground import Ground, Shape
from tools.basemap.mvt import EXTENT, Layer, encode_tile
from tools.basemap.pmtiles import Coverage, write_archive

LAYERS = ["block", "park", "water", "road", "district", "label"]
TARGET = Path(__file__).parents[2] / "ui" / "public" / "map"
# Which layers a tile of a low zoom may leave out: blocks of 200 m are dust there.
FIRST_ZOOM = {"block": 13, "park": 12}


def project(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Web Mercator, in tile units of ``zoom`` (1 tile = EXTENT)."""
    world = EXTENT << zoom
    x = (lon + 180) / 360 * world
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * world
    return x, y


def draw(shapes: list[Shape], zooms: range) -> dict[tuple[int, int, int], bytes]:
    """All tiles that any shape touches."""
    tiles: dict[tuple[int, int, int], dict[str, Layer]] = defaultdict(dict)
    for zoom in zooms:
        for shape in shapes:
            if zoom < FIRST_ZOOM.get(shape.layer, 0):
                continue
            points = [project(*point, zoom) for point in shape.points]
            xs, ys = [x for x, _ in points], [y for _, y in points]
            for column in range(int(min(xs) - 96) // EXTENT, int(max(xs) + 96) // EXTENT + 1):
                for row in range(int(min(ys) - 96) // EXTENT, int(max(ys) + 96) // EXTENT + 1):
                    local = [(x - column * EXTENT, y - row * EXTENT) for x, y in points]
                    layers = tiles[zoom, column, row]
                    _put(layers.setdefault(shape.layer, Layer(shape.layer)), shape, local)
    return {
        key: encode_tile(layers[name] for name in LAYERS if name in layers) for key, layers in tiles.items()
    }


def _put(layer: Layer, shape: Shape, points: list[tuple[float, float]]) -> None:
    if shape.layer == "label":
        layer.point(points[0], shape.tags)
    elif shape.layer == "road":
        layer.line(points, shape.tags)
    elif shape.layer == "district":
        layer.line([*points, points[0]], shape.tags)
    else:
        layer.polygon(points, shape.tags)


def make(scale: Scale, margin: int, zooms: range) -> tuple[bytes, Coverage]:
    """One base map and what it covers."""
    ground = Ground(generate(Plan(scale=scale), fixed_secrets(1)), margin)
    shapes = list(ground.shapes())
    lons = [lon for shape in shapes for lon, _ in shape.points]
    lats = [lat for shape in shapes for _, lat in shape.points]
    cover = Coverage(zooms[0], zooms[-1], min(lons), min(lats), max(lons), max(lats))
    return write_archive(draw(shapes, zooms), cover, LAYERS), cover


def main(target: Path) -> None:
    """Write both maps and the list the console chooses from."""
    target.mkdir(parents=True, exist_ok=True)
    listed = []
    scales: list[tuple[Scale, int, range]] = [("district", 10, range(10, 16)), ("city", 8, range(9, 15))]
    for scale, margin, zooms in scales:
        archive, cover = make(scale, margin, zooms)
        name = f"sample-{scale}.pmtiles"
        (target / name).write_bytes(archive)
        bounds = [round(value, 5) for value in (cover.west, cover.south, cover.east, cover.north)]
        listed.append({"file": f"/map/{name}", "bounds": bounds})
        sys.stdout.write(f"{name}: {len(archive) // 1024} KiB\n")
    (target / "maps.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
