"""The machine as osconf asks for it: files, programs, mounts, systemd, devices; a real one and one for tests."""
