"""The reminder ledger at work."""


def wake() -> None:
    """Placeholder until the dispatcher lands in the next commit."""
