{ lib }:
{
  id = x: x;
  const = x: y: x;
  flip = f: a: b: f b a;
  pipe = builtins.foldl' (x: f: f x);
  boolToString = b: if b then "true" else "false";
  mergeAttrs = x: y: x // y;
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  warn = msg: builtins.trace "warning: ${msg}";
  warnIf = cond: msg: if cond then lib.warn msg else x: x;
  throwIf = cond: msg: if cond then throw msg else x: x;
  isFunctionLike = f: builtins.isFunction f || (f ? __functor && builtins.isFunction (f.__functor f));
}
