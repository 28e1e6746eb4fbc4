"""JSON from anyone: every text is a value or refused by a ValueError."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: If it is truncated, no JSON, or lists or objects lie within each other hundreds deep.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError('lists or objects lie too deep within each other') from error
