"""Host tool of the bench infusion pump: programs therapies, guides refills, reads the logs."""

from infuser import VERSION as __version__

__all__ = ["__version__"]
