# Functions that modules share, given to each of them as the argument `utils`.
{ lib }:

rec {
  # The name of the unit for a path: "/srv/my data" -> "srv-my\x20data".
  escapeSystemdPath =
    path:
    let
      trimmed = lib.concatStringsSep "/" (lib.filter (part: part != "") (lib.splitString "/" path));
      # A leading dot is escaped too, so that no unit file is hidden.
      dotted = if lib.hasPrefix "." trimmed then "\\x2e" + lib.substring 1 (-1) trimmed else trimmed;
    in
    if trimmed == "" then "-" else lib.replaceStrings [ "/" ] [ "-" ] (escapeUnitCharacters dotted);

  # What systemd-escape escapes, but for "/", which becomes "-".
  escapeUnitCharacters =
    lib.replaceStrings
      [ "-" " " "\t" "\"" "'" "(" ")" "[" "]" "{" "}" "@" "#" "$" "%" "&" "*" "+" "," ";" "<" "=" ">" "?" "!" "|" "~" "^" "`" ]
      [
        "\\x2d"
        "\\x20"
        "\\x09"
        "\\x22"
        "\\x27"
        "\\x28"
        "\\x29"
        "\\x5b"
        "\\x5d"
        "\\x7b"
        "\\x7d"
        "\\x40"
        "\\x23"
        "\\x24"
        "\\x25"
        "\\x26"
        "\\x2a"
        "\\x2b"
        "\\x2c"
        "\\x3b"
        "\\x3c"
        "\\x3d"
        "\\x3e"
        "\\x3f"
        "\\x21"
        "\\x7c"
        "\\x7e"
        "\\x5e"
        "\\x60"
      ];

  # An argument of a command in a unit file, with every character standing for itself.
  escapeSystemdExecArg =
    argument:
    let
      text =
        if builtins.isPath argument || lib.isDerivation argument || lib.isString argument then
          "${argument}"
        else
          builtins.toJSON argument;
    in
    lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON text);

  # A whole command of a unit file.
  escapeSystemdExecArgs = lib.concatMapStringsSep " " escapeSystemdExecArg;

  # Whether a file system must be there before the system starts: the root and what it is made of.
  fsNeededForBoot =
    fs:
    fs.neededForBoot
    || lib.elem fs.mountPoint [
      "/"
      "/usr"
      "/etc"
      "/var"
      "/osconf"
      "/osconf/store"
    ];
}
