# Fixed points: self-referential values and overlays over them.
{ lib, ... }:

rec {
  # The value that `f` maps to itself, lazily.
  fix = f: let x = f x; in x;

  # `fix` that keeps `f` for later extension.
  fix' = f: let x = f x // { __unfix__ = f; }; in x;

  # Apply `f` again and again until nothing changes.
  converge = f: x: let next = f x; in if next == x then x else converge f next;

  # Put an overlay `final: prev: {…}` on a self-referential set.
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;

  # One overlay from two; the second sees the first.
  composeExtensions = first: second: final: prev:
    let
      one = first final prev;
    in
    one // second final (prev // one);

  # One overlay from a list.
  composeManyExtensions = lib.lists.foldr composeExtensions (_: _: { });

  # A set with `extend`, which puts an overlay on it.
  makeExtensible = makeExtensibleWithCustomName "extend";

  makeExtensibleWithCustomName = name: rattrs:
    fix' (self: rattrs self // { ${name} = overlay: makeExtensibleWithCustomName name (extends overlay rattrs); });

  # An overlay from `final: prev: {…}`, `prev: {…}` or a set.
  toExtension = f:
    if lib.trivial.isFunction f then
      # Asked with what came before: a function of one argument may look into it right away, which `final` forbids.
      final: prev: let result = f prev; in if lib.trivial.isFunction result then f final prev else result
    else
      _: _: f;
}
