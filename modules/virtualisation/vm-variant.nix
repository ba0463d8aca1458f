# What is different when the configuration runs as a virtual machine.
{ lib, extendModules, ... }:

{
  options.virtualisation.vmVariant = lib.mkOption {
    default = { };
    example = lib.literalExpression ''{ virtualisation.memorySize = 4096; services.getty.autologinUser = "root"; }'';
    description = "A module that is added for `osconf build-vm`, and for nothing else.";
    inherit (extendModules { modules = [ ./qemu-vm.nix ]; }) type;
    visible = "shallow";
  };
}
