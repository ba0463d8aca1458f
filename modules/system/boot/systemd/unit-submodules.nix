# The submodules of each kind of unit: its options and what follows from them.
{ lib, pkgs }:

let
  inherit (lib) mkIf mkMerge mkOption types;

  options = import ./unit-options.nix { inherit lib; };

  submodule =
    unitOptions: implied:
    types.submodule (
      arguments@{ name, config, ... }:
      {
        options = unitOptions // {
          name = mkOption {
            type = types.str;
            default = name;
            description = "The name of the unit, without its suffix.";
          };
        };
        config = implied arguments;
      }
    );

  # Shell commands become a program; what packages they refer to joins the environment of the service through it.
  # The journal shows the name of its file.
  makeScript =
    name: key: text:
    let
      program = "${lib.strings.sanitizeDerivationName name}-${key}";
    in
    "${pkgs.writeShellScriptBin program "set -e\n${text}"}/bin/${program}";

  command =
    { name, config, ... }:
    option: key: arguments:
    mkIf (config.${option} != "") (
      makeScript name key config.${option} + lib.optionalString (arguments != "") " ${arguments}"
    );

  search = directory: map (package: "${package}/${directory}");

  serviceImplies =
    arguments@{ config, ... }:
    {
      environment.PATH = mkIf (config.path != [ ]) (
        lib.mkDefault (
          lib.concatStringsSep ":" (
            search "bin" config.path
            ++ search "sbin" config.path
            ++ [
              "/usr/bin"
              "/usr/sbin"
            ]
          )
        )
      );

      serviceConfig = {
        ExecStart = command arguments "script" "start" config.scriptArgs;
        ExecStartPre = mkIf (config.preStart != "") [ (makeScript arguments.name "pre-start" config.preStart) ];
        ExecStartPost = mkIf (config.postStart != "") [ (makeScript arguments.name "post-start" config.postStart) ];
        ExecReload = command arguments "reload" "reload" "";
        ExecStop = command arguments "preStop" "pre-stop" "";
        ExecStopPost = mkIf (config.postStop != "") [ (makeScript arguments.name "post-stop" config.postStop) ];
      };
    };
in
{
  service = submodule options.service serviceImplies;
  userService = submodule options.service serviceImplies;
  socket = submodule options.socket (_: { });
  timer = submodule options.timer (_: { });
  path = submodule options.pathUnit (_: { });
  mount = submodule options.mount (_: { });
  automount = submodule options.automount (_: { });
  slice = submodule options.slice (_: { });
  target = submodule options.target (_: { });
}
