"""Planar pictures (I420) in numpy: conversion from RGB, and laying a small picture over a large one.

A picture is one array of shape (height * 3 / 2, width): the Y plane, then U and V of half size, row by
row, just as the encoder takes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint16]
Floats = NDArray[np.float32]

# BT.601, limited range: what cameras of this class send without saying so.
_Y = np.array([0.257, 0.504, 0.098], dtype=np.float32)
_U = np.array([-0.148, -0.291, 0.439], dtype=np.float32)
_V = np.array([0.439, -0.368, -0.071], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Planes:
    """Views of one I420 array; writing to them writes to it."""

    y: Bytes
    u: Bytes
    v: Bytes
    uv: Bytes
    """Both, one behind the other."""


def planes(picture: Bytes) -> Planes:
    """Take an I420 array apart without copying; width and height are even."""
    rows, width = picture.shape
    height = rows * 2 // 3
    chroma = picture.reshape(-1)[height * width :].reshape(2, height // 2, width // 2)
    return Planes(picture[:height], chroma[0], chroma[1], chroma)


def from_rgb(rgb: Bytes) -> Bytes:
    """(height, width, 3) RGB to I420; odd last rows or columns are not allowed."""
    height, width, _ = rgb.shape
    colour = rgb.astype(np.float32)
    small = colour.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    picture = np.empty((height * 3 // 2, width), dtype=np.uint8)
    parts = planes(picture)
    parts.y[:] = colour @ _Y + 16.5
    parts.u[:] = small @ _U + 128.5
    parts.v[:] = small @ _V + 128.5
    return picture


@dataclass(frozen=True, slots=True)
class Overlay:
    """A small picture with transparency: values times alpha, and what is left of the ground (1..256).

    ``y`` and ``keep`` have full size, ``uv`` (two planes) and ``keep_uv`` half. Sixteen bits, so that laying
    it converts nothing but the ground.
    """

    y: Words
    keep: Words
    uv: Words
    keep_uv: Words

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.y.shape[1], self.y.shape[0]


def overlay(colour: Floats, alpha: Floats) -> Overlay:
    """An overlay of (height, width, 3) colours already multiplied by ``alpha``; all 0..255, even sizes."""
    cover = alpha / np.float32(255)
    share = _quarter(cover)
    small = _quarter(colour)
    chroma = np.stack((small @ _U + 128 * share, small @ _V + 128 * share))
    return Overlay(
        y=(colour @ _Y + 16 * cover).clip(0, 255).astype(np.uint8).astype(np.uint16),
        keep=(255 - alpha).clip(0, 255).astype(np.uint8) + np.uint16(1),
        uv=chroma.clip(0, 255).astype(np.uint8).astype(np.uint16),
        keep_uv=(255 * (1 - share)).clip(0, 255).astype(np.uint8) + np.uint16(1),
    )


def _quarter(values: Floats) -> Floats:
    """Every 2 x 2 pixels as their mean."""
    return np.asarray((values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]) * 0.25)


def lay(target: Planes, piece: Overlay, left: int, top: int) -> None:
    """Lay ``piece`` over ``target`` with its corner at (left, top); what sticks out is cut off.

    Chroma snaps to even pixels, luma does not, so that slow things glide.
    """
    height, width = target.y.shape
    high, wide = piece.y.shape
    if 0 <= left <= width - wide and 0 <= top <= height - high:
        row, column = top // 2, left // 2
        _blend(target.y[top : top + high, left : left + wide], piece.y, piece.keep)
        ground = target.uv[:, row : row + high // 2, column : column + wide // 2]
        _blend(ground, piece.uv, piece.keep_uv)
    else:
        _lay_cut(target, piece, left, top)


def _lay_cut(target: Planes, piece: Overlay, left: int, top: int) -> None:
    """`lay` for what sticks out of the picture."""
    height, width = target.y.shape
    high, wide = piece.y.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + wide, width), min(top + high, height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    _blend(target.y[y0:y1, x0:x1], piece.y[y0 - top : y1 - top, x0 - left : x1 - left],
           piece.keep[y0 - top : y1 - top, x0 - left : x1 - left])  # fmt: skip
    cut = (slice((y0 - top) // 2, (y1 - top) // 2), slice((x0 - left) // 2, (x1 - left) // 2))
    keep = piece.keep_uv[cut]
    rows, columns = keep.shape
    here = (slice(y0 // 2, y0 // 2 + rows), slice(x0 // 2, x0 // 2 + columns))
    ground = target.uv[:, here[0], here[1]]
    if ground.shape[1:] != keep.shape:
        cut = (
            slice(cut[0].start, cut[0].start + ground.shape[1]),
            slice(cut[1].start, cut[1].start + ground.shape[2]),
        )
        keep = piece.keep_uv[cut]
    _blend(ground, piece.uv[:, cut[0], cut[1]], keep)


def _blend(ground: Bytes, value: Words, keep: Words) -> None:
    # ground * keep / 256 + value, keep from 1 to 256: exact where nothing covers the ground.
    mixed = ground.astype(np.uint16)
    mixed *= keep
    mixed >>= 8
    mixed += value
    ground[:] = mixed
