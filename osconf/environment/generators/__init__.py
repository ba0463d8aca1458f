"""What package triggers would do at installation, done once per environment.

A `Trigger` runs a tool of the environment itself over the linked tree; `portable` ones are plain Python. Both apply by
the presence of files, never by package name.
"""
