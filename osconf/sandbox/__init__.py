"""Running programs in namespaces of their own: described as data, shown as a command, executed by a small launcher."""
