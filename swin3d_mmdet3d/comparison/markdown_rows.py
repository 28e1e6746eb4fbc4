"""Rows of markdown tables."""

from __future__ import annotations


def head(*names: str) -> list[str]:
    """The first two lines of a table."""
    return [row(*names), '|' + '---|' * len(names)]


def row(*cells: str) -> str:
    """A line of a table."""
    return f'| {" | ".join(cells)} |'
