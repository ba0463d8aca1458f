{ lib }:
let inherit (builtins) elemAt length; in rec {
  inherit (builtins) foldl' concatMap any all sort;
  optional = cond: elem: if cond then [ elem ] else [ ];
  optionals = cond: elems: if cond then elems else [ ];
  toList = x: if builtins.isList x then x else [ x ];
  foldr = op: nul: list:
    let
      len = length list;
      fold' = n: if n == len then nul else op (elemAt list n) (fold' (n + 1));
    in fold' 0;
  flatten = x: if builtins.isList x then concatMap flatten x else [ x ];
  imap1 = f: list: builtins.genList (n: f (n + 1) (elemAt list n)) (length list);
  range = first: last: if first > last then [ ] else builtins.genList (n: first + n) (last - first + 1);
  last = list: elemAt list (length list - 1);
  init = list: builtins.genList (elemAt list) (length list - 1);
  remove = e: builtins.filter (x: x != e);
  subtractLists = e: builtins.filter (x: !(builtins.elem x e));
  unique = foldl' (acc: e: if builtins.elem e acc then acc else acc ++ [ e ]) [ ];
  reverseList = xs: let l = length xs; in builtins.genList (n: elemAt xs (l - n - 1)) l;
  partition = builtins.partition;
  findFirst = pred: default: list:
    let found = builtins.filter pred list; in if found == [ ] then default else builtins.head found;
}
