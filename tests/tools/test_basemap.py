"""The committed base maps are what the script draws, and what it draws can be read."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

MAPS = ("sample-district.pmtiles", "sample-city.pmtiles", "maps.json")


def test_the_committed_maps_are_the_drawn_ones(repository: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tools.basemap", str(tmp_path)], cwd=repository, check=True, timeout=100
    )
    committed = repository / "ui" / "public" / "map"
    assert {name: (tmp_path / name).read_bytes() for name in MAPS} == {
        name: (committed / name).read_bytes() for name in MAPS
    }


def test_the_header_says_where_everything_lies(repository: Path) -> None:
    for listed in json.loads((repository / "ui/public/map/maps.json").read_text(encoding="utf-8")):
        data = (repository / "ui/public" / listed["file"].lstrip("/")).read_bytes()
        assert data[:8] == b"PMTiles\x03"
        offsets = [int.from_bytes(data[8 + 8 * k : 16 + 8 * k], "little") for k in range(8)]
        metadata = json.loads(gzip.decompress(data[offsets[2] : offsets[2] + offsets[3]]))
        assert {layer["id"] for layer in metadata["vector_layers"]} >= {"road", "water", "district", "label"}
        assert offsets[6] + offsets[7] == len(data)
        west, south, east, north = listed["bounds"]
        assert west < 118.43 < east
        assert south < 31.35 < north
