# Units are read by systemd itself when the system is built: it passes over what it does not understand, at a boot too.
{ config, lib, pkgs, ... }:

let
  verified =
    kind: units:
    pkgs.runCommand "${kind}-units-checked"
      {
        nativeBuildInputs = [ config.systemd.package ];
        inherit units;
      }
      ''
        cd $units
        # Templates have no meaning without an instance; programs are in the services' own environments, not here.
        export SYSTEMD_UNIT_PATH=$units:/usr/lib/systemd/${kind}
        files=$(find . -maxdepth 1 -type f ! -name '*@*' -printf '%f\n')
        said=$NIX_BUILD_TOP/said
        systemd-analyze verify ${lib.optionalString (kind == "user") "--user"} --man=no --generators=no --recursive-errors=no \
          $files > $said 2>&1 || true
        if grep -E "^$units/|bad unit file setting" $said > $NIX_BUILD_TOP/wrong; then
          sed "s|$units/||" $NIX_BUILD_TOP/wrong >&2
          echo "systemd does not understand these settings (systemd.verifyUnits = false builds nevertheless)" >&2
          exit 1
        fi
        touch $out
      '';
in
{
  options = {
    systemd.verifyUnits = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = ''
        Whether settings of units that systemd does not understand are mistakes. Unknown names are found when the
        configuration is evaluated, unless {option}`systemd.package` is newer than osconf; systemd itself reads the units of the
        system when it is built. Names that begin with `X-` are free.
      '';
    };

    system.checks = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [ ];
      description = "Derivations that must build, or the system does not; they are no part of it.";
    };
  };

  config.system.checks = lib.mkIf config.systemd.verifyUnits [ (verified "system" config.system.build.units) ];
}
