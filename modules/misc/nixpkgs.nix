# The package set the modules see as `pkgs`.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.nixpkgs;

  finalPackages =
    if cfg.pkgs != null then
      if cfg.overlays == [ ] then cfg.pkgs else cfg.pkgs.extend (lib.composeManyExtensions cfg.overlays)
    else
      import ../../pkgs (
        {
          inherit (cfg) overlays config;
        }
        // lib.optionalAttrs (config.osconf.archive.sources != null) {
          inherit (config.osconf.archive) sources;
        }
      );
in
{
  options.nixpkgs = {
    pkgs = mkOption {
      type = types.nullOr types.raw;
      default = null;
      example = lib.literalExpression "import <osconf/pkgs> { }";
      description = "A package set to use in place of the one made from {option}`osconf.archive.sources`.";
    };

    overlays = mkOption {
      type = types.listOf types.raw;
      default = [ ];
      example = lib.literalExpression "[ (final: prev: { hello = prev.git; }) ]";
      description = ''
        Functions `final: prev: { … }` that change or add packages, applied in order. `final` is the package set after
        all of them, `prev` before this one.
      '';
    };

    config = mkOption {
      type = types.attrsOf types.raw;
      default = { };
      description = "Settings of the package set.";
    };

    hostPlatform = mkOption {
      type = types.either types.str types.attrs;
      default = "x86_64-linux";
      description = "The machine the system runs on.";
    };

    finalPackages = mkOption {
      type = types.raw;
      internal = true;
      readOnly = true;
      description = "The package set after overlays.";
    };
  };

  config = {
    nixpkgs = { inherit finalPackages; };
    _module.args.pkgs = lib.mkOverride lib.modules.defaultOverridePriority finalPackages;
  };
}
