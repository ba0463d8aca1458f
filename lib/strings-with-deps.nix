# Texts that come after other texts: `textClosureMap f set names` joins the entries that `names` need, in order.
{ lib, ... }:

rec {
  # The texts of the named entries and of what they depend on, each once, dependencies first.
  textClosureList = predefined: names:
    let
      step = state: name:
        if builtins.isAttrs name then state // { texts = state.texts ++ [ name.text ]; }
        else if state.done.${name} or false then state
        else
          let
            entry = predefined.${name} or (throw "textClosureList: the entry `${name}' does not exist");
            opened = state // { done = state.done // { ${name} = true; }; };
            before = builtins.foldl' step opened entry.deps;
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
