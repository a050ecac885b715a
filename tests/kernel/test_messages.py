"""What people read of an error."""

from __future__ import annotations

import pytest

from civicam.kernel.messages import MESSAGES, message


@pytest.mark.parametrize(
    ("code", "language", "data", "expected"),
    [
        ("nobody.wrote-this", "en", {}, "nobody.wrote-this"),
        ("access.password-short", "en", {"least": 12}, "12"),
        ("access.password-short", "zh-CN", {"least": 12}, "12"),
        ("access.password-short", "en", {}, "{least}"),
        ("access.password-short", "en", {"least": "{0.__class__}"}, "{0.__class__}"),
    ],
)
def test_a_message_is_filled_in_and_never_fails(
    code: str, language: str, data: dict[str, object], expected: str
) -> None:
    assert expected in message(code, language, data)


def test_the_languages_differ() -> None:
    assert message("access.bad-link", "zh-CN", {}) == MESSAGES["access.bad-link"][0]
    assert message("access.bad-link", "en", {}) == MESSAGES["access.bad-link"][1]
