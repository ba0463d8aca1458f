"""The store for many users: a server that builds and registers for them, and the client's side of it.

`client.DaemonStore` is a store like the local one. `listener` accepts connections, `service` answers the requests of
one, `access` says who may do what, `wire` and `messages` are the protocol that both sides speak.
"""
