"""osconf: a declarative operating system from the Debian archive."""

__version__ = "0.1.0"
