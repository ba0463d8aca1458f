# Firmware that drivers load into devices, and microcode of processors.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;

  microcode = vendor: {
    updateMicrocode = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the processor's microcode is replaced at boot. Needs a source with the component non-free-firmware, see
        {option}`osconf.archive.sources`.
      '';
    };
  };
in
{
  options.hardware = {
    firmware = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.firmware-iwlwifi ]";
      description = "Packages with firmware.";
    };

    enableRedistributableFirmware = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the firmware that may be passed on is there. Needs a source with the component non-free-firmware, see
        {option}`osconf.archive.sources`.
      '';
    };

    enableAllFirmware = mkOption {
      type = types.bool;
      default = false;
      description = "The same as {option}`hardware.enableRedistributableFirmware`.";
    };

    cpu.intel = microcode "Intel";
    cpu.amd = microcode "AMD";
  };

  config = {
    hardware.firmware = lib.mkIf (config.hardware.enableRedistributableFirmware || config.hardware.enableAllFirmware) (
      with pkgs;
      [
        firmware-linux-nonfree
        firmware-iwlwifi
        firmware-realtek
      ]
    );
    environment.systemPackages =
      config.hardware.firmware
      ++ lib.optional config.hardware.cpu.intel.updateMicrocode pkgs.intel-microcode
      ++ lib.optional config.hardware.cpu.amd.updateMicrocode pkgs.amd64-microcode;
  };
}
