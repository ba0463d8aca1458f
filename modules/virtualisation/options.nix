# How a virtual machine or a disk image of this configuration is made.
{ lib, ... }:

let
  inherit (lib) mkOption types;

  endpoint = what: {
    address = mkOption {
      type = types.str;
      default = if what == "host" then "127.0.0.1" else "";
      description = "The address on the ${what}.";
    };
    port = mkOption {
      type = types.port;
      description = "The port on the ${what}.";
    };
  };

  forwarding = types.submodule {
    options = {
      from = mkOption {
        type = types.enum [ "host" ];
        default = "host";
        description = "From where connections are forwarded.";
      };
      proto = mkOption {
        type = types.enum [
          "tcp"
          "udp"
        ];
        default = "tcp";
        description = "The protocol.";
      };
      host = endpoint "host";
      guest = endpoint "guest";
    };
  };
in
{
  options.virtualisation = {
    memorySize = mkOption {
      type = types.ints.positive;
      default = 1024;
      description = "The memory of the virtual machine, in MiB.";
    };

    cores = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "How many processors the virtual machine has.";
    };

    diskSize = mkOption {
      type = types.ints.positive;
      default = 4096;
      description = "The size of the disk, in MiB.";
    };

    imageFormat = mkOption {
      type = types.enum [
        "qcow2"
        "raw"
        "vdi"
        "vmdk"
      ];
      default = "qcow2";
      description = "The format of a disk image.";
    };

    forwardPorts = mkOption {
      type = types.listOf forwarding;
      default = [ ];
      example = lib.literalExpression ''[ { host.port = 8080; guest.port = 80; } ]'';
      description = "Ports of the host that lead into the virtual machine.";
    };

    graphics = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the virtual machine opens a window. Its serial console is the terminal otherwise.";
    };

    qemu.options = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "-device virtio-rng-pci" ];
      description = "More arguments of QEMU.";
    };
  };
}
