# Texts that come after other texts: `textClosureMap f set names` joins the entries that `names` need, in order.
{ lib, ... }:

rec {
  # The texts of the entries and of what they depend on, dependencies first. An entry is a name, whose text comes once, or
  # itself a `{ text; deps; }`.
  textClosureList = predefined: names:
    let
      step = state: name:
        if builtins.isAttrs name then add state name
        else if state.done.${name} or false then state
        else add (state // { done = state.done // { ${name} = true; }; }) predefined.${name};
      add = state: entry:
        let
          before = builtins.foldl' step state entry.deps;
        in
        before // { texts = before.texts ++ [ entry.text ]; };
    in
    (builtins.foldl' step { done = { }; texts = [ ]; } names).texts;

  textClosureMap = f: predefined: names: builtins.concatStringsSep "\n" (map f (textClosureList predefined names));

  noDepEntry = text: { inherit text; deps = [ ]; };
  fullDepEntry = text: deps: { inherit text deps; };
  packEntry = deps: { inherit deps; text = ""; };
  stringAfter = deps: text: { inherit text deps; };
}
