"""Draws the base maps of the sample city: `python -m tools.basemap` from the repository root."""
