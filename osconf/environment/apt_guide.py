"""`apt install` in an osconf system: say what to write into configuration.nix; pass every other verb on."""

from __future__ import annotations

from osconf.environment.farm import Farm

_REAL = "usr/lib/osconf/apt"

_SCRIPT = r"""#!/bin/sh
# This system is described by its configuration; packages are added there, not installed in place.
verb= packages=
for word in "$@"; do
    case $word in
        -*) ;;
        *) if [ -z "$verb" ]; then verb=$word; else packages="$packages $word"; fi ;;
    esac
done
case $verb in
    install | reinstall | build-dep | remove | purge | autoremove | autopurge) ;;
    upgrade | dist-upgrade | full-upgrade | dselect-upgrade) ;;
    *)
        [ -x /@REAL@/@NAME@ ] && exec /@REAL@/@NAME@ "$@"
        echo "@NAME@ is not part of this system: 'osconf search' and 'osconf lock' do what it does." >&2
        echo "Who wants it names it in environment.systemPackages." >&2
        exit 1
        ;;
esac
{
    echo "@NAME@ $verb: this is an osconf system; its packages are named in /etc/osconf/configuration.nix."
    case $verb in
        install | reinstall | build-dep)
            echo
            echo "To add them for everybody, write:"
            echo "    environment.systemPackages = with pkgs; [$packages ];"
            echo "and run:  osconf switch"
            echo
            echo "To try them now, without changing the system:"
            echo "    osconf shell$(for package in $packages; do printf ' -p %s' "$package"; done)"
            ;;
        remove | purge | autoremove | autopurge)
            echo
            echo "Take$packages out of environment.systemPackages (or disable the service that brings it in), then run:"
            echo "    osconf switch"
            ;;
        *)
            echo
            echo "To take newer versions from the archive, run:"
            echo "    osconf lock update && osconf switch"
            ;;
    esac
} >&2
exit 1
"""


def guide_apt(farm: Farm, *, always: bool = False) -> None:
    """Put the guide in front of apt and apt-get where the environment has them, or (`always`) also where it has not."""
    for name in ("apt", "apt-get"):
        is_there = farm.plan.resolve(f"usr/bin/{name}") is not None
        if is_there:
            farm.rename(f"usr/bin/{name}", f"{_REAL}/{name}")
        if is_there or always:
            script = _SCRIPT.replace("@REAL@", _REAL).replace("@NAME@", name)
            farm.write(f"usr/bin/{name}", script, executable=True)
