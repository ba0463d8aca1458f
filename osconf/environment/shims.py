"""Programs that stand in for the real ones while maintainer scripts are recorded: texts, no effect of their own.

One shell script serves every name. It logs its call to /rec/log, then does the little that scripts need to go on.
The real tree is visible at /rec/real.
"""

from __future__ import annotations

_NAMES = """
    update-alternatives adduser addgroup deluser delgroup useradd groupadd usermod groupmod gpasswd userdel groupdel
    passwd chpasswd chage chsh chfn update-passwd id getent deb-systemd-helper deb-systemd-invoke invoke-rc.d
    update-rc.d systemctl systemd-sysusers systemd-tmpfiles dpkg-divert dpkg-trigger dpkg-statoverride dpkg-query dpkg
    dpkg-maintscript-helper dpkg-reconfigure ucf ucfr ucfq py3compile py3clean pypy3compile update-initramfs
    update-mime-database update-desktop-database chown chmod chgrp setcap setfacl install ldconfig pam-auth-update
    glib-compile-schemas fc-cache gtk-update-icon-cache update-icon-caches udevadm systemd-hwdb apparmor_parser
    aa-enabled update-ca-certificates update-grub grub-install locale-gen mandb phpenmod phpdismod php_invoke a2enmod
    a2dismod a2enconf a2ensite pg_createcluster make-ssl-cert ssh-keygen newaliases postmap mount umount modprobe
    depmod sysctl service install-info update-gsfontmap update-fonts-scale update-fonts-dir update-fonts-alias
    xfonts-scale add-shell remove-shell update-shells journalctl dbus-send kill pkill killall start-stop-daemon
    slapadd slapindex mariadb-install-db
    mysql_install_db rndc-confgen tl-paper runuser su update-mime
    mktexlsr fmtutil-sys update-gdkpixbuf-loaders iconvconfig update-dictcommon-aspell
    update-dictcommon-hunspell update-default-ispell update-default-wordlist select-default-ispell
"""
SHIMMED = tuple(_NAMES.split())

SHIM = r"""#!/usr/bin/dash
name=${0##*/}
{
    printf '%s' "$name"
    for argument in "$@"; do printf '\t%s' "$argument"; done
    printf '\n'
} >> /rec/log
last=
for argument in "$@"; do previous=$last; last=$argument; done
case $name in
    update-alternatives)
        # Scripts that run later may call the command that is registered here (awk).
        while [ $# -gt 4 ] && [ "$1" != --install ]; do shift; done
        if [ "$1" = --install ] && [ -e "$4" ] && [ ! -e "$2" ]; then ln -sf "$4" "$2" 2> /dev/null; fi
        ;;
    getent) [ "$2" = root ] && exec /rec/real/bin/getent "$@"; exit 2 ;;
    id) [ "$1" = -u ] && [ $# = 1 ] && echo 0 && exit 0; exit 1 ;;
    dpkg-query) exit 1 ;;
    dpkg)
        case $1 in
            --compare-versions | --print-* | --validate-* | --assert-*) exec /rec/real/bin/dpkg "$@" ;;
        esac
        ;;
    dpkg-divert) case $1 in --truename) echo "$2" ;; esac ;;
    dpkg-statoverride) case " $* " in *" --list "*) exit 1 ;; esac ;;
    ucf)
        # `ucf [options] SOURCE DESTINATION`: the destination is made where it is missing.
        if [ ! -e "$last" ] && [ -f "$previous" ]; then mkdir -p "${last%/*}" && cat "$previous" > "$last"; fi
        ;;
    chmod) /rec/real/bin/chmod "$@" 2> /dev/null ;;
    install)
        owner= group= want= arguments=
        for argument in "$@"; do
            case $want in
                o) owner=$argument; want=; continue ;;
                g) group=$argument; want=; continue ;;
            esac
            case $argument in
                -o | --owner) want=o; continue ;;
                -g | --group) want=g; continue ;;
                -o?*) owner=${argument#-o}; continue ;;
                -g?*) group=${argument#-g}; continue ;;
                --owner=*) owner=${argument#*=}; continue ;;
                --group=*) group=${argument#*=}; continue ;;
            esac
            arguments="$arguments '$argument'"
        done
        [ -n "$owner$group" ] && printf 'chown\t%s:%s\t%s\n' "$owner" "$group" "$last" >> /rec/log
        eval "exec /rec/real/bin/install $arguments"
        ;;
esac
exit 0
"""

# debconf's shell interface: every question is answered by its template's default, nothing is shown.
CONFMODULE = r"""# Answers of a fresh, unattended installation.
_osconf_default() {
    RET=
    while IFS='	' read -r _osconf_name _osconf_value; do
        [ "$_osconf_name" = "$1" ] && RET=$_osconf_value
    done < "/rec/defaults/$DPKG_MAINTSCRIPT_PACKAGE" 2> /dev/null
    export RET
}
db_get() {
    _osconf_default "$1"
    if [ -z "$RET" ]; then
        case $1 in shared/default-x-display-manager) RET=$DPKG_MAINTSCRIPT_PACKAGE ;; esac
    fi
    return 0
}
db_fget() { RET=false; return 0; }
db_metaget() { RET=; return 0; }
db_version() { RET=2.0; return 0; }
db_capb() { RET=; return 0; }
db_previous_module() { RET=; return 0; }
db_input() { RET=; return 30; }
for _osconf_verb in set go stop fset title subst register unregister purge reset settitle beginblock endblock \
    x_loadtemplatefile info progress clear data; do
    eval "db_$_osconf_verb() { RET=; return 0; }"
done
"""

# Runs every script of /rec/order in turn; a line of it is `name<TAB>architecture<TAB>version`.
DRIVER = r"""#!/usr/bin/dash
export PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive DPKG_ROOT=
export DPKG_MAINTSCRIPT_NAME=postinst DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_ADMINDIR=/var/lib/dpkg
export DPKG_RUNNING_VERSION=1.22.0 SOURCE_DATE_EPOCH=1 DEBCONF_NONINTERACTIVE_SEEN=true
while IFS='	' read -r name architecture; do
    export DPKG_MAINTSCRIPT_PACKAGE="$name" DPKG_MAINTSCRIPT_ARCH="$architecture"
    : > /rec/log
    timeout -k 1 30 "/rec/scripts/$name" configure '' > "/rec/output/$name" 2>&1 < /dev/null
    echo "$name	$?" >> /rec/status
    mv /rec/log "/rec/logs/$name"
done < /rec/order
exit 0
"""


def render_defaults(templates: str) -> str:
    """debconf templates -> lines `question<TAB>default` for the stub."""
    lines: list[str] = []
    for stanza in templates.split("\n\n"):
        name = default = ""
        for line in stanza.splitlines():
            if line.startswith("Template: "):
                name = line.removeprefix("Template: ").strip()
            elif line.startswith("Default: "):
                default = line.removeprefix("Default: ").strip()
        if name:
            lines.append(f"{name}\t{default}")
    return "\n".join(lines) + "\n"
