"""A configuration of any size, written as files that evaluate with osconf's library and with nixpkgs' alike.

`python -m tests.bench.big_configuration FOLDER [MODULES [UNUSED]]` writes `FOLDER/default.nix`, a function of
`{ lib, changed ? 0 }`, and one file per module. A module declares ten options of ten types and defines, when it is
enabled (every second one is), options of others with priorities and order. For each 300 modules there are 1 000
instances of a submodule. Unused modules are imported, but nobody enables them or reads their options.
"""

from __future__ import annotations

import sys
from pathlib import Path

MODULE = """\
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.@SET@.s@NUMBER@;
in
{
  options.@SET@.s@NUMBER@ = {
    enable = lib.mkEnableOption "service @NUMBER@";
    port = mkOption { type = types.port; default = 1000 + @NUMBER@; description = "Where it listens."; };
    name = mkOption { type = types.str; default = "s@NUMBER@"; description = "What it is called."; };
    level = mkOption { type = types.ints.between 0 10; default = 3; description = "How much it says."; };
    mode = mkOption { type = types.enum [ "fast" "safe" "both" ]; default = "safe"; description = "How it runs."; };
    groups = mkOption { type = types.listOf types.str; default = [ ]; description = "Whose rights it has."; };
    settings = mkOption {
      type = types.attrsOf (types.either types.int types.str);
      default = { };
      description = "Its settings.";
    };
    text = mkOption { type = types.lines; default = ""; description = "More settings."; };
    limit = mkOption { type = types.nullOr types.int; default = null; description = "How much it may take."; };
    backend = mkOption {
      default = { };
      description = "What it asks.";
      type = types.submodule {
        options.host = mkOption { type = types.str; default = "localhost"; description = "Which host."; };
        options.port = mkOption { type = types.port; default = cfg.port + 1; description = "Which port."; };
      };
    };
  };
  config = lib.mkIf cfg.enable {
    ports = [ cfg.port ];
    packages = @ORDER@ [ "package-of-${cfg.name}" ];
    @SET@.s@NUMBER@ = {
      groups = lib.mkMerge [ [ "network" ] (lib.mkIf (cfg.level > 2) (lib.mkBefore [ "log" ])) ];
      mode = lib.mkDefault "fast";
      settings = { threads = lib.mkDefault 4; user = cfg.name; };
      text = lib.mkMerge [ (lib.mkAfter "last") (lib.mkBefore "first") "log ${toString cfg.level}" ];
      backend.port = lib.mkOverride 900 (cfg.port + 2);
    };
    users.@USER@ = { groups = [ "s@NUMBER@" ]; uid = lib.mkForce @NUMBER@; };
  };
}
"""

ROOT = """\
{ lib, changed ? 0 }:
let
  inherit (lib) mkOption types;
  user = { name, config, ... }: {
    options = {
      name = mkOption { type = types.str; default = name; };
      home = mkOption { type = types.path; default = "/home/${config.name}"; };
      shell = mkOption { type = types.nullOr types.str; default = null; };
      groups = mkOption { type = types.listOf types.str; default = [ ]; };
      uid = mkOption { type = types.int; };
    };
  };
  number = i: lib.nameValuePair "u${toString i}" { uid = lib.mkDefault i; groups = lib.mkAfter [ "users" ]; };
  evaluated = lib.evalModules {
    modules = [
      {
        options.users = mkOption { type = types.attrsOf (types.submodule user); };
        options.ports = mkOption { type = types.listOf types.port; apply = lib.unique; };
        options.packages = mkOption { type = types.listOf types.str; };
        config.users = builtins.listToAttrs (map number (lib.range 1 @USERS@));
        config.services = builtins.listToAttrs (
          map (i: lib.nameValuePair "s${toString (2 * i)}" { enable = true; }) (lib.range 1 @ENABLED@)
        );
      }
      { services.s1.limit = changed; users.u1.shell = "/bin/${toString changed}"; }
    ] ++ map (i: ./used + "/${toString i}.nix") (lib.range 1 @MODULES@)
      ++ map (i: ./unused + "/${toString i}.nix") (lib.range 1 @UNUSED@);
  };
in
builtins.hashString "sha256" (builtins.toJSON { inherit (evaluated.config) services users ports packages; })
"""
ORDERS = ("lib.mkBefore", "lib.mkAfter", "lib.mkOrder 700", "lib.id")


def write_configuration(folder: Path, modules: int = 300, unused: int = 0) -> Path:
    """Write the files; the result is the root's path."""
    users = modules * 1000 // 300
    for name, section, count in (("used", "services", modules), ("unused", "others", unused)):
        (folder / name).mkdir(parents=True)
        for number in range(1, count + 1):
            marks = {
                "@SET@": section,
                "@NUMBER@": str(number),
                "@ORDER@": ORDERS[number // 2 % len(ORDERS)],
                "@USER@": f"u{number % users + 1}",
            }
            (folder / name / f"{number}.nix").write_text(_fill(MODULE, marks), "utf-8")
    root = folder / "default.nix"
    counts = {"USERS": users, "ENABLED": modules // 2, "MODULES": modules, "UNUSED": unused}
    root.write_text(_fill(ROOT, {f"@{name}@": str(count) for name, count in counts.items()}), "utf-8")
    return root


def _fill(text: str, marks: dict[str, str]) -> str:
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


if __name__ == "__main__":
    write_configuration(Path(sys.argv[1]), *map(int, sys.argv[2:]))
