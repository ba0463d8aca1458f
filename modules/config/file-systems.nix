# File systems: /etc/fstab, and what must be mounted before the system starts.
{ config, lib, pkgs, utils, ... }:

let
  inherit (lib) mkOption types;

  fileSystems = lib.attrValues (lib.filterAttrs (_: fs: fs.enable) config.fileSystems);
  root = config.fileSystems."/" or null;

  fileSystem =
    { name, config, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file system is mounted.";
        };
        mountPoint = mkOption {
          type = types.str;
          default = name;
          description = "Where to mount it.";
        };
        device = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "/dev/sda1";
          description = "The device, or the source for file systems without one.";
        };
        label = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "root";
          description = "The label of the file system, in place of {option}`device`.";
        };
        fsType = mkOption {
          type = types.str;
          default = "auto";
          example = "ext4";
          description = "The type of the file system.";
        };
        options = mkOption {
          type = types.nonEmptyListOf types.str;
          default = [ "defaults" ];
          example = [ "noatime" ];
          description = "Mount options.";
        };
        neededForBoot = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the initrd mounts it. `/` and what the store is on always are.";
        };
        depends = mkOption {
          type = types.listOf types.str;
          default = [ ];
          example = [ "/persist" ];
          description = "Mount points that must be there first.";
        };
        autoFormat = mkOption {
          type = types.bool;
          default = false;
          description = "Whether to make the file system when the device holds none.";
        };
        autoResize = mkOption {
          type = types.bool;
          default = false;
          description = "Whether to grow the file system to its device at boot.";
        };
        noCheck = mkOption {
          type = types.bool;
          default = false;
          description = "Whether to skip the check at boot.";
        };
      };

      config = {
        device = lib.mkIf (config.label != null) (lib.mkDefault "/dev/disk/by-label/${config.label}");
        options = lib.mkMerge [
          (lib.mkIf config.autoResize [ "x-systemd.growfs" ])
          (lib.mkIf config.autoFormat [ "x-systemd.makefs" ])
          (lib.mkIf (config.depends != [ ]) (map (path: "x-systemd.requires-mounts-for=${path}") config.depends))
        ];
      };
    };

  unchecked = [
    "auto"
    "none"
    "bind"
    "tmpfs"
    "ramfs"
    "overlay"
    "erofs"
    "squashfs"
    "iso9660"
    "virtiofs"
    "9p"
    "nfs"
    "nfs4"
    "cifs"
    "btrfs"
    "zfs"
    "bcachefs"
    "fuse"
  ];

  pass =
    fs:
    if fs.noCheck || lib.elem fs.fsType unchecked || lib.elem "bind" fs.options then
      0
    else if fs.mountPoint == "/" then
      1
    else
      2;

  line = fs: {
    inherit (fs) mountPoint fsType;
    device = if fs.device == null then fs.fsType else fs.device;
    options = lib.concatStringsSep "," fs.options;
    pass = pass fs;
  };

  byDepth = lib.sort (a: b: a.mountPoint < b.mountPoint);
in
{
  options = {
    fileSystems = mkOption {
      type = types.attrsOf (types.submodule fileSystem);
      default = { };
      example = lib.literalExpression ''
        {
          "/".device = "/dev/sda1";
          "/home" = { label = "home"; fsType = "ext4"; options = [ "noatime" ]; };
        }
      '';
      description = "File systems, by mount point.";
    };

    system.fsPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      internal = true;
      description = "Packages with the mount and check programs of file systems.";
    };

    boot.supportedFilesystems = mkOption {
      type = types.coercedTo (types.listOf types.str) (names: lib.genAttrs names (_: true)) (types.attrsOf types.bool);
      default = { };
      example = [ "btrfs" ];
      description = "Types of file systems whose programs the system has, beside those it mounts.";
    };

    boot.specialFileSystems = mkOption {
      type = types.attrsOf types.raw;
      default = { };
      internal = true;
      description = "File systems that are no business of /etc/fstab.";
    };
  };

  config = {
    assertions = [
      {
        assertion = root != null;
        message = ''
          No root file system is configured. Say where it is, for example:
              fileSystems."/" = { device = "/dev/disk/by-label/root"; fsType = "ext4"; };'';
      }
    ]
    ++ lib.mapAttrsToList (name: fs: {
      assertion = lib.hasPrefix "/" fs.mountPoint || fs.mountPoint == "none";
      message = ''fileSystems."${name}" is mounted nowhere: a mount point begins with /, as in fileSystems."/${name}".'';
    }) config.fileSystems
    ++ lib.mapAttrsToList (name: fs: {
      assertion = fs.device != null || lib.elem fs.fsType [ "tmpfs" "ramfs" "overlay" ];
      message = ''fileSystems."${name}" has neither a device nor a label.'';
    }) config.fileSystems;

    boot.supportedFilesystems = lib.listToAttrs (map (fs: lib.nameValuePair fs.fsType true) fileSystems);

    system.fsPackages =
      let
        programs = with pkgs; {
          inherit btrfs-progs dosfstools e2fsprogs exfatprogs ntfs-3g xfsprogs;
          nfs = nfs-common;
          cifs = cifs-utils;
        };
        ofType = {
          btrfs = programs.btrfs-progs;
          cifs = programs.cifs;
          exfat = programs.exfatprogs;
          ext2 = programs.e2fsprogs;
          ext3 = programs.e2fsprogs;
          ext4 = programs.e2fsprogs;
          nfs = programs.nfs;
          nfs4 = programs.nfs;
          ntfs = programs.ntfs-3g;
          vfat = programs.dosfstools;
          xfs = programs.xfsprogs;
        };
        supported = lib.attrNames (lib.filterAttrs (_: isSupported: isSupported) config.boot.supportedFilesystems);
      in
      lib.unique (lib.concatMap (fsType: lib.optional (ofType ? ${fsType}) ofType.${fsType}) supported);

    environment.systemPackages = config.system.fsPackages;

    environment.etc."fstab" = {
      # The initrd reads it below /sysroot, where a link into /etc/static leads nowhere.
      mode = "0644";
      source = pkgs.render {
        name = "fstab";
        template = "fstab.j2";
        context = {
          fileSystems = map line (byDepth fileSystems);
          swapDevices = map (swap: {
            device = swap.realDevice;
            options = lib.concatStringsSep "," (swap.options ++ lib.optional (swap.priority != null) "pri=${toString swap.priority}");
          }) config.swapDevices;
        };
      };
    };

    boot.kernelParams = lib.mkIf (root != null) (
      [
        "root=${root.device}"
        "rw"
      ]
      ++ lib.optional (root.fsType != "auto") "rootfstype=${root.fsType}"
      ++ lib.optional (root.options != [ "defaults" ]) "rootflags=${lib.concatStringsSep "," (lib.filter (option: !lib.hasPrefix "x-" option) root.options)}"
    );

    system.build.earlyFileSystems = map (fs: {
      inherit (fs) mountPoint device fsType options;
    }) (byDepth (lib.filter (fs: fs.mountPoint != "/" && utils.fsNeededForBoot fs) fileSystems));
  };
}
