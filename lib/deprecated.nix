# Functions that old configurations still use.
{ lib, ... }:

rec {
  # An environment variable, or a default when it is empty.
  maybeEnv = name: default:
    let
      value = builtins.getEnv name;
    in
    if value == "" then default else value;

  # Packages with everything they propagate.
  closePropagation = packages:
    map (item: item.val) (builtins.genericClosure {
      startSet = map (package: { key = package.outPath; val = package; }) (builtins.filter (package: package != null) packages);
      operator = item:
        map (package: { key = package.outPath; val = package; })
          (builtins.filter (package: package != null)
            (item.val.propagatedBuildInputs or [ ] ++ item.val.propagatedNativeBuildInputs or [ ]));
    });

  closePropagationSlow = closePropagation;
  closePropagationFast = closePropagation;

  imap = lib.lists.imap1;
  nvs = name: value: { ${name} = value; };
  setAttr = set: name: value: set // { ${name} = value; };
  ifEnable = condition: value: if condition then value else if builtins.isList value then [ ] else if builtins.isAttrs value then { } else null;
}
