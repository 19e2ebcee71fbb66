"""Sessions."""


def mark_missed() -> None:
    """Placeholder."""
