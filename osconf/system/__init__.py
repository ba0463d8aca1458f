"""The parts of a system closure that are made at build time: units, /etc, and the closure itself.

What a system is follows from modules in the language; here is what needs the built environment before it can be said:
which units packages bring and how they are enabled, which files packages put in /etc, which programs are privileged.
"""
