"""One line about a running demonstration, read from the server's own metrics. Pure but for the asking."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def readings(text: str) -> dict[str, float]:
    """Metrics as ``name`` or ``name{state}``, samples of one name and state added up."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            state = sample.labels.get("state")
            key = f"{sample.name}{{{state}}}" if state else sample.name
            found[key] = found.get(key, 0.0) + sample.value
    return found


def line(text: str) -> str:
    """The district at a glance, from ``/metrics``."""
    seen = readings(text)

    def total(name: str) -> int:
        return round(sum(value for key, value in seen.items() if key.startswith(f"{name}{{")))

    def count(name: str) -> int:
        return round(seen.get(name, 0.0))

    return (
        f"设备 devices {count('civicam_devices{online}')}/{total('civicam_devices')} · "
        f"图像 channels {count('civicam_channels{online}')}/{total('civicam_channels')} · "
        f"视频 streams {count('civicam_streams')} · 观看 viewers {count('civicam_viewers')}"
    )
