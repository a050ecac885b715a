"""A pinhole camera on a pole: world metres to picture pixels.

World: x to the right, y up, z along the road, the origin on the ground under the camera. The camera hangs
``height`` metres above it, looks ``pitch`` radians below the horizon and ``yaw`` radians to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
NEAR_M = 0.8
"""Nothing nearer than this is drawn; polygons are cut there."""


@dataclass(frozen=True)
class View:
    """One camera. ``focal`` is in units of the picture's width; ``width`` and ``height_px`` in pixels."""

    width: int
    height_px: int
    height: float
    pitch: float
    yaw: float = 0.0
    focal: float = 0.9
    offset: float = 0.0
    _rotation: Points = field(init=False, repr=False)
    _rows: list[list[float]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cy, sy = math.cos(self.yaw), math.sin(self.yaw)
        cp, sp = math.cos(self.pitch), math.sin(self.pitch)
        turn = np.array([[cy, 0.0, -sy], [0.0, 1.0, 0.0], [sy, 0.0, cy]])
        tilt = np.array([[1.0, 0.0, 0.0], [0.0, cp, sp], [0.0, -sp, cp]])
        object.__setattr__(self, "_rotation", tilt @ turn)
        object.__setattr__(self, "_rows", self._rotation.tolist())

    def scaled(self, width: int, height_px: int) -> View:
        """The same camera on another picture size."""
        return View(width, height_px, self.height, self.pitch, self.yaw, self.focal, self.offset)

    def to_camera(self, points: Points) -> Points:
        """World points (n, 3) in camera axes: right, up, ahead."""
        return np.asarray((points - np.array([self.offset, self.height, 0.0])) @ self._rotation.T)

    def to_picture(self, camera_points: Points) -> Points:
        """Camera points, all ahead of the camera, to pixels (n, 2)."""
        scale = self.focal * self.width / camera_points[:, 2]
        u = self.width / 2 + camera_points[:, 0] * scale
        v = self.height_px / 2 - camera_points[:, 1] * scale
        return np.stack([u, v], axis=1)

    def polygon(self, points: Points) -> Points | None:
        """A world polygon (n, 3) cut at the near plane, in pixels; None when nothing of it is ahead."""
        camera = _clip(self.to_camera(points))
        return None if len(camera) < 3 else self.to_picture(camera)

    def point(self, x: float, y: float, z: float) -> tuple[float, float, float] | None:
        """Pixel u, v and pixels a metre at that depth; None behind the camera."""
        # Plain numbers: this runs for every moving thing of every frame, where small arrays cost most.
        (a, b, c), (d, e, f), (g, h, i) = self._rows
        dx, dy = x - self.offset, y - self.height
        ahead = g * dx + h * dy + i * z
        if ahead < NEAR_M:
            return None
        scale = self.focal * self.width / ahead
        u = self.width / 2 + (a * dx + b * dy + c * z) * scale
        v = self.height_px / 2 - (d * dx + e * dy + f * z) * scale
        return u, v, scale

    @property
    def horizon(self) -> float:
        """Pixel row of the horizon."""
        return self.height_px / 2 - math.tan(self.pitch) * self.focal * self.width


def _clip(camera: Points) -> Points:
    """Sutherland-Hodgman against the near plane."""
    ahead = camera[:, 2] >= NEAR_M
    if ahead.all():
        return camera
    if not ahead.any():
        return camera[:0]
    kept = []
    for index in range(len(camera)):
        here, before = camera[index], camera[index - 1]
        if ahead[index] != ahead[index - 1]:
            share = (NEAR_M - before[2]) / (here[2] - before[2])
            kept.append(before + share * (here - before))
        if ahead[index]:
            kept.append(here)
    return np.array(kept)
