"""Frozen values that every part speaks of: hashes, store paths, derivations, archives, path information.

With the store directory set to `/nix/store` every encoding here equals Nix's byte for byte. Nothing in this package
knows a database, a process or a network.
"""
