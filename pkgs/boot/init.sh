#!/bin/busybox sh
# The first process of a boot: finds the root, mounts the generation's environment on /usr, activates, hands over.
# It runs from the initrd under busybox alone, so that nothing of a damaged system is needed to reach the shell.

/bin/busybox mkdir -p /bin /proc /sys /dev /run /etc /root-fs
[ -e /bin/sh ] || /bin/busybox --install -s /bin
export PATH=/bin

say() { echo "osconf: $*" > /dev/console; }

rescue() {
  say "$*"
  say "a rescue shell follows; 'exit' tries to go on, 'reboot -f' restarts"
  setsid cttyhack sh
}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs -o mode=755,nosuid dev /dev
mount -t tmpfs -o mode=755,nosuid,nodev run /run
[ -e /dev/console ] || mknod /dev/console c 5 1

system= root= rootfstype=auto rootflags= store_image= wants_rescue=
for word in $(cat /proc/cmdline); do
  case $word in
    osconf.system=*) system=${word#*=} ;;
    root=*) root=${word#*=} ;;
    rootfstype=*) rootfstype=${word#*=} ;;
    rootflags=*) rootflags=${word#*=} ;;
    osconf.store=*) store_image=${word#*=} ;;
    osconf.rescue) wants_rescue=1 ;;
  esac
done

# What the configuration names is loaded in any case; what the hardware names, as it is found. The kernel asks for more
# (file systems) by the program that is named here.
echo /bin/modprobe > /proc/sys/kernel/modprobe
for module in $(cat /etc/osconf-modules); do modprobe -q "$module"; done
load_hardware() {
  find /sys/devices -name modalias -type f 2> /dev/null | xargs cat 2> /dev/null | sort -u \
    | xargs -r modprobe -qa 2> /dev/null
}
load_hardware

[ -z "$wants_rescue" ] || rescue "the kernel command line asks for it"

device_of() {
  case $1 in
    LABEL=* | UUID=* | PARTUUID=* | PARTLABEL=*) blkid -c /dev/null -l -o device -t "$1" ;;
    /dev/disk/by-label/*) device_of "LABEL=${1##*/}" ;;
    /dev/disk/by-uuid/*) device_of "UUID=${1##*/}" ;;
    /dev/disk/by-partuuid/*) device_of "PARTUUID=${1##*/}" ;;
    /dev/disk/by-partlabel/*) device_of "PARTLABEL=${1##*/}" ;;
    *) [ -b "$1" ] && echo "$1" ;;
  esac
}

wait_for_device() { # NAME: prints the device, after at most 30 s
  waited=0
  until device_of "$1"; do
    [ "$waited" -lt 300 ] || return 1
    waited=$((waited + 1))
    sleep 0.1
    # A controller that was loaded a moment ago has found its disks by now.
    [ $((waited % 5)) = 1 ] && load_hardware
  done
  return 0
}

mount_at() { # DEVICE TARGET TYPE OPTIONS
  device=$(wait_for_device "$1") || { rescue "the device $1 for $2 did not appear within 30 s"; device=$(device_of "$1"); }
  # busybox tries the file systems in turn only when no type is given
  if [ "$3" = auto ]; then
    mount -o "$4" "$device" "$2"
  else
    mount -t "$3" -o "$4" "$device" "$2"
  fi || rescue "cannot mount $device on $2"
}

open_encrypted() { # NAME DEVICE KEY OPTIONS: KEY is a file, a device, or - to ask
  device=$(wait_for_device "$2") || { rescue "the encrypted device $2 did not appear within 30 s"; device=$(device_of "$2"); }
  [ -b "$device" ] || return
  set -- "$1" "$2" "$3" ${4:+"$4"}
  if [ "$3" = - ]; then
    cryptsetup open --type luks --tries 5 ${4:+"$4"} "$device" "$1" \
      || rescue "$2 stays closed; 'cryptsetup open $device $1' asks again"
  else
    key=$(wait_for_device "$3") || key=$3
    cryptsetup open --type luks --key-file "$key" ${4:+"$4"} "$device" "$1" || rescue "the key $3 does not open $2"
  fi
}

# Nobody but this script makes the nodes of mapped devices yet.
export DM_DISABLE_UDEV=1
mkdir -p /run/cryptsetup
while read -r name device key options <&3; do
  open_encrypted "$name" "$device" "$key" "$options"
done 3< /etc/osconf-luks

R=/root-fs
mount_at "$root" $R "$rootfstype" "rw,noatime${rootflags:+,$rootflags}"
while read -r device target type options; do
  [ -n "$device" ] || continue
  mkdir -p "$R$target"
  mount_at "$device" "$R$target" "$type" "$options"
done < /etc/osconf-mounts

# A virtual machine brings its store as an image (osconf.store=TYPE:SERIAL) with a writable layer over it. What belongs to
# the store, layer and state, is kept per image: another image is another store.
if [ -n "$store_image" ]; then
  for block in /sys/block/*; do
    [ "$(cat "$block/serial" 2> /dev/null)" = "${store_image#*:}" ] && device=/dev/${block##*/}
  done
  identity=${system#/osconf/store/}
  layer=$R/osconf/images/${identity%%-*}
  mkdir -p /run/osconf/store-image $layer/upper $layer/work $layer/var $R/osconf/store $R/osconf/var
  mount -t "${store_image%%:*}" -o ro "$device" /run/osconf/store-image || rescue "cannot mount the store image"
  mount -t overlay -o "lowerdir=/run/osconf/store-image,upperdir=$layer/upper,workdir=$layer/work,index=on,metacopy=on" \
    store $R/osconf/store || rescue "cannot lay the writable store over the image"
  mount --bind $layer/var $R/osconf/var
fi

profiles=/osconf/var/profiles
[ -n "$system" ] || system=$profiles/$(readlink $R$profiles/system)
while [ -L "$R$system" ]; do system=$(readlink "$R$system"); done
[ -d "$R$system" ] || rescue "the root file system has no system $system"

# The directories that a mount or a link of the running system needs.
for directory in proc sys dev run tmp var etc usr boot root home mnt osconf/var; do
  [ -d $R/$directory ] || mkdir -p $R/$directory
done
chmod 1777 $R/tmp
chmod 700 $R/root
for link in bin sbin lib lib64; do [ -L $R/$link ] || ln -s usr/$link $R/$link; done

ln -sfn "$system" $R/osconf/.current-system.new
mv -T $R/osconf/.current-system.new $R/osconf/current-system
ln -s "$system" /run/booted-system
ln -s /osconf/current-system /run/current-system

environment=$(readlink "$R$system/environment")
mount --bind "$R$environment/usr" $R/usr
mount --make-private $R/usr
mount -o remount,bind,ro $R/usr
mount --bind $R/osconf/store $R/osconf/store
mount --make-private $R/osconf/store
mount -o remount,bind,ro $R/osconf/store

# Set-user-id programs are copies on a mount of their own: /run is nosuid.
mkdir -p /run/wrappers
mount -t tmpfs -o mode=755,nodev wrappers /run/wrappers

echo /sbin/modprobe > /proc/sys/kernel/modprobe
for directory in dev proc sys run; do mount --move /$directory $R/$directory; done
chroot $R "$system/activate" boot || echo "osconf: activation failed, the boot goes on" > $R/dev/console
exec switch_root $R /usr/lib/systemd/systemd
