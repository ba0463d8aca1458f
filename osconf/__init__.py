"""osconf: a declarative operating system from the Debian archive."""
