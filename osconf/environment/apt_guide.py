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
    *) exec /@REAL@/@NAME@ "$@" ;;
esac
{
    echo "@NAME@ $verb: this is an osconf system; its packages are named in /etc/osconf/configuration.nix."
    case $verb in
        install | reinstall | build-dep)
            echo
            echo "To add them for everybody, write:"
            echo "    environment.systemPackages = with pkgs; [$packages ];"
            echo "and run:  osconf rebuild switch"
            echo
            echo "To try them now, without changing the system:"
            echo "    osconf shell$(for package in $packages; do printf ' -p %s' "$package"; done)"
            ;;
        remove | purge | autoremove | autopurge)
            echo
            echo "Take$packages out of environment.systemPackages (or disable the service that brings it in), then run:"
            echo "    osconf rebuild switch"
            ;;
        *)
            echo
            echo "To take newer versions from the archive, run:"
            echo "    osconf lock update && osconf rebuild switch"
            ;;
    esac
} >&2
exit 1
"""


def guide_apt(farm: Farm) -> None:
    """Put the guide in front of apt and apt-get, where the environment has them."""
    for name in ("apt", "apt-get"):
        if farm.plan.resolve(f"usr/bin/{name}") is None:
            continue
        farm.rename(f"usr/bin/{name}", f"{_REAL}/{name}")
        script = _SCRIPT.replace("@REAL@", _REAL).replace("@NAME@", name)
        farm.write(f"usr/bin/{name}", script, executable=True)
