"""Virtual machines for tests: start a system in QEMU, drive it by a shell that needs no network, look at what happens.

`machine` is what a test uses, `qemu` how the emulator is called, `pytest_plugin` the fixtures.
"""
