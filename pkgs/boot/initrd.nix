# The initial RAM disk: busybox, the modules that reach the root file system, and init.sh.
{ pkgs, lib }:
{
  # A tree with lib/modules/<version>, as makeModulesTree gives it.
  modules,
  kernelVersion,
  # Loaded when the hardware asks for them.
  availableKernelModules ? [ ],
  # The same, where the kernel has them: the disks and keyboards that most machines come with.
  optionalKernelModules ? [ ],
  # Loaded always, in this order.
  kernelModules ? [ ],
  # File systems besides the root that must be there before activation: { device, mountPoint, fsType, options }.
  fileSystems ? [ ],
  # Encrypted devices to open first: name -> { device, keyFile (null: ask), allowDiscards }.
  luksDevices ? { },
  name ? "initrd",
}:
let
  mountLine =
    fs:
    lib.concatStringsSep " " [
      fs.device
      fs.mountPoint
      fs.fsType
      (lib.concatStringsSep "," (fs.options or [ "defaults" ]))
    ];
  luksLine =
    device: settings:
    lib.concatStringsSep " " [
      device
      settings.device
      (if settings.keyFile == null then "-" else settings.keyFile)
      (lib.optionalString settings.allowDiscards "--allow-discards")
    ];
  isEncrypted = luksDevices != { };
  # Ciphers are found by name, not through the hardware.
  luksModules = lib.optionals isEncrypted [
    "dm_mod"
    "dm_crypt"
    "aesni_intel"
    "xts"
    "cbc"
    "essiv"
    "sha256_generic"
    "sha512_generic"
    "algif_skcipher"
  ];
in
pkgs.runCommand name
  {
    # Named one by one, so that a package added to the system never rebuilds the initrd.
    nativeBuildInputs = [
      pkgs.busybox-static
      pkgs.kmod
      pkgs.cpio
      pkgs.zstd
      pkgs.xz-utils
      pkgs.util-linux
    ]
    ++ lib.optional isEncrypted pkgs.cryptsetup-bin;
    inherit modules kernelVersion;
    wanted = availableKernelModules ++ kernelModules;
    optional = optionalKernelModules ++ luksModules;
    load = kernelModules ++ luksModules;
    programs = [ "/usr/sbin/blkid" ] ++ lib.optional isEncrypted "/usr/sbin/cryptsetup";
    luksLines = lib.concatStrings (lib.mapAttrsToList (device: settings: luksLine device settings + "\n") luksDevices);
    mountLines = lib.concatMapStrings (fs: mountLine fs + "\n") fileSystems;
    init = ./init.sh;
  }
  ''
    mkdir -p root/bin root/etc root/usr/lib/modules root/usr/lib64
    ln -s usr/lib root/lib
    ln -s usr/lib64 root/lib64
    cp /usr/bin/busybox root/bin/busybox
    # busybox knows few file systems by their labels, and no encryption. Programs bring their libraries, and the one that
    # ends threads, which is only opened when it is needed.
    for program in $programs; do
      cp "$program" root/bin/
      { ldd "$program"; ls /usr/lib/*/libgcc_s.so.1 | sed 's/.*/ & (0)/'; } \
        | sed -n 's/^[^/]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
          mkdir -p "root''${library%/*}"
          cp -fL "$library" "root$library"
        done
    done
    printf '%s' "$luksLines" > root/etc/osconf-luks
    install -m 0755 "$init" root/init
    printf '%s\n' $load > root/etc/osconf-modules
    printf '%s' "$mountLines" > root/etc/osconf-mounts

    set -o pipefail
    version=$kernelVersion
    for module in $wanted; do
      # A module that is built into the kernel has no file: modprobe says "builtin".
      modprobe -d "$modules" -S "$version" --show-depends "$module" > needed || {
        echo "the kernel $version has no module named $module (boot.initrd.availableKernelModules)" >&2
        exit 1
      }
      sed -n 's/^insmod \([^ ]*\).*/\1/p' needed
    done > files
    for module in $optional; do
      modprobe -d "$modules" -S "$version" --show-depends "$module" 2> /dev/null \
        | sed -n 's/^insmod \([^ ]*\).*/\1/p' >> files || true
    done
    sort -u files | while read -r file; do
      relative=''${file#"$modules"/}
      mkdir -p "root/usr/''${relative%/*}"
      # busybox reads plain modules only, and one compression of the whole is smaller than many of the parts.
      case $file in
        *.xz) xz -dc "$file" > "root/usr/''${relative%.xz}" ;;
        *.zst) zstd -qdc "$file" > "root/usr/''${relative%.zst}" ;;
        *) cp "$file" "root/usr/$relative" ;;
      esac
    done
    mkdir -p "root/usr/lib/modules/$version"
    cp "$modules/lib/modules/$version"/modules.builtin* "$modules/lib/modules/$version"/modules.order "root/usr/lib/modules/$version/"
    depmod -b root "$version"

    mkdir -p "$out"
    find root -exec touch -h -d @1 {} +
    (cd root && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null --reproducible -R 0:0 -o -H newc) \
      | zstd -q -9 -T1 > "$out/initrd"
  ''
