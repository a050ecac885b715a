"""Collecting a catalogue: `civicam.signalling.gb28181.collect`, counted by channel id."""

from __future__ import annotations

from civicam.signalling.gb28181.collect import ENDED, Collector, CollectState, CollectTimes
from civicam.signalling.gb28181.manscdp.catalog import CatalogItem

CatalogueCollector = Collector[CatalogItem]

__all__ = ["ENDED", "CatalogueCollector", "CollectState", "CollectTimes"]
