"""The store: immutable paths on a filesystem, a database of what is valid, garbage, signatures, binary caches.

`local.LocalStore` is the door; the other modules each own one job behind it.
"""
