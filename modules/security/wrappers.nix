# Programs that run with more rights than their caller: setuid, setgid, capabilities.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;

  wrapper =
    { name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the wrapper is made.";
        };
        program = mkOption {
          type = types.str;
          default = name;
          description = "The name in `/run/wrappers/bin`.";
        };
        source = mkOption {
          type = types.path;
          example = lib.literalExpression ''"''${pkgs.ping}/bin/ping"'';
          description = "The program.";
        };
        owner = mkOption {
          type = types.str;
          default = "root";
          description = "The owner.";
        };
        group = mkOption {
          type = types.str;
          default = "root";
          description = "The group.";
        };
        permissions = mkOption {
          type = types.strMatching "[0-7]{3,4}|[ugoa]+[=+][rwx]+(,[ugoa]*[=+][rwx]+)*";
          default = "u+rx,g+x,o+x";
          description = "Who may run it: octal, or in the words of {manpage}`chmod(1)` over no rights at all.";
        };
        setuid = mkOption {
          type = types.bool;
          default = false;
          description = "Whether it runs as its owner.";
        };
        setgid = mkOption {
          type = types.bool;
          default = false;
          description = "Whether it runs as its group.";
        };
        capabilities = mkOption {
          type = types.str;
          default = "";
          example = "cap_net_raw+ep";
          description = "Single rights of root that it has.";
        };
      };
    };

  bits = {
    r = 4;
    w = 2;
    x = 1;
  };

  # "u+rx,g+x" -> { u = 5; g = 1; o = 0; }
  grant =
    rights: clause:
    let
      parts = builtins.match "([ugoa]*)[=+]([rwx]+)" clause;
      who = if lib.elemAt parts 0 == "" || lib.hasInfix "a" (lib.elemAt parts 0) then "ugo" else lib.elemAt parts 0;
      value = lib.foldl' builtins.bitOr 0 (map (letter: bits.${letter}) (lib.stringToCharacters (lib.elemAt parts 1)));
    in
    lib.mapAttrs (class: old: if lib.hasInfix class who then builtins.bitOr old value else old) rights;

  octal =
    text:
    if builtins.match "[0-7]+" text != null then
      text
    else
      let
        rights = lib.foldl' grant {
          u = 0;
          g = 0;
          o = 0;
        } (lib.splitString "," text);
      in
      "${toString rights.u}${toString rights.g}${toString rights.o}";

  mode =
    value:
    let
      special = (if value.setuid then 4 else 0) + (if value.setgid then 2 else 0);
      digits = octal value.permissions;
    in
    toString special + lib.substring (lib.stringLength digits - 3) 3 digits;
in
{
  options.security = {
    wrappers = mkOption {
      type = types.attrsOf (types.submodule wrapper);
      default = { };
      example = lib.literalExpression ''
        { doas = { source = "''${pkgs.doas}/bin/doas"; setuid = true; }; }
      '';
      description = ''
        Programs in `/run/wrappers/bin`. Those that packages bring as setuid are there by themselves; naming one here
        replaces it, `enable = false` takes it away.
      '';
    };

    wrapperDir = mkOption {
      type = types.path;
      default = "/run/wrappers/bin";
      internal = true;
      readOnly = true;
      description = "Where wrappers are.";
    };
  };

  config.system.build.wrappers = lib.mapAttrs (_: value: {
    name = value.program;
    inherit (value)
      enable
      owner
      group
      capabilities
      ;
    source = "${value.source}";
    mode = mode value;
  }) config.security.wrappers;
}
