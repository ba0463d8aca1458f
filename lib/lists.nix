# Lists.
{ lib, ... }:

let
  inherit (builtins) concatLists elemAt filter genList head length tail;
  inherit (lib.trivial) min;

  # A list as a lookup set when every element is a string, for quick membership; null otherwise.
  stringSet = list:
    if builtins.all builtins.isString list then
      builtins.listToAttrs (map (name: { name = builtins.unsafeDiscardStringContext name; value = null; }) list)
    else
      null;
in
rec {
  inherit (builtins)
    all any concatLists concatMap elem elemAt filter genList groupBy head isList length map partition sort tail;

  # Left fold, strict in the accumulator from its first value on: `foldl' add 0 [ 1 2 ]` is 3.
  foldl' = op: nul: list: builtins.seq nul (builtins.foldl' op nul list);

  singleton = x: [ x ];

  # Apply a function to a value or to each of a list.
  forEach = list: f: map f list;

  # Right fold: op x0 (op x1 (… nul)).
  foldr = op: nul: list:
    let
      count = length list;
      go = n: if n == count then nul else op (elemAt list n) (go (n + 1));
    in
    go 0;

  fold = foldr;

  # Left fold, lazy in the accumulator.
  foldl = op: nul: list:
    let
      go = n: if n == -1 then nul else op (go (n - 1)) (elemAt list n);
    in
    go (length list - 1);

  # Map with the index, from 0 and from 1.
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);

  # Filter with the index.
  ifilter0 = predicate: list:
    concatLists (imap0 (i: x: if predicate i x then [ x ] else [ ]) list);

  # Flatten nested lists; a value that is no list becomes a list of it.
  flatten = x: if builtins.isList x then builtins.concatMap flatten x else [ x ];

  # The list without elements equal to `e`.
  remove = e: filter (x: x != e);

  # The only element that fits, or one of the defaults.
  findSingle = predicate: default: multiple: list:
    let
      found = filter predicate list;
      count = length found;
    in
    if count == 0 then default else if count != 1 then multiple else head found;

  # Index of the first element that fits.
  findFirstIndex = predicate: default: list:
    let
      count = length list;
      go = n: if n == count then default else if predicate (elemAt list n) then n else go (n + 1);
    in
    go 0;

  findFirst = predicate: default: list:
    let
      index = findFirstIndex predicate null list;
    in
    if index == null then default else elemAt list index;

  count = predicate: foldl' (n: x: if predicate x then n + 1 else n) 0;

  # `[ x ]` or nothing.
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: list: if condition then list else [ ];

  toList = x: if builtins.isList x then x else [ x ];

  # Integers from `first` to `last`, both included.
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);

  replicate = n: x: genList (_: x) n;

  # The lists of a set as one, in the order of their names.
  concatAttrValues = set: concatLists (builtins.attrValues set);

  # Deprecated names of the standard library that configurations still use.
  crossLists = f: foldl (fs: args: builtins.concatMap (f: map f args) fs) [ f ];

  mapCartesianProduct = f: attrs: map f (lib.attrsets.cartesianProduct attrs);

  zipListsWith = f: a: b: genList (n: f (elemAt a n) (elemAt b n)) (min (length a) (length b));
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });

  reverseList = list:
    let
      count = length list;
    in
    genList (n: elemAt list (count - n - 1)) count;

  # Depth-first walk from the first element; tells a cycle from a minimal element.
  listDfs = stopOnCycles: before: list:
    let
      walk = current: visited: rest:
        let
          split = builtins.partition (x: before x current) rest;
          next = head split.right;
        in
        if stopOnCycles && builtins.any (x: before x current) visited then
          { cycle = current; loops = filter (x: before x current) visited; inherit visited rest; }
        else if split.right == [ ] then
          { minimal = current; inherit visited rest; }
        else
          walk next ([ current ] ++ visited) (tail split.right ++ split.wrong);
    in
    walk (head list) [ ] (tail list);

  # Topological order, or the cycle that forbids it.
  toposort = before: list:
    let
      step = listDfs true before list;
      rest = toposort before (step.visited ++ step.rest);
    in
    if length list < 2 then { result = list; }
    else if step ? cycle then
      { cycle = reverseList ([ step.cycle ] ++ step.visited); inherit (step) loops; }
    else if rest ? cycle then rest
    else { result = [ step.minimal ] ++ rest.result; };

  compareLists = compare: a: b:
    if a == [ ] then (if b == [ ] then 0 else -1)
    else if b == [ ] then 1
    else
      let
        order = compare (head a) (head b);
      in
      if order == 0 then compareLists compare (tail a) (tail b) else order;

  # Sort texts so that embedded numbers count as numbers.
  naturalSort = list:
    let
      vectorise = text: map (part: if builtins.isList part then lib.strings.toIntBase10 (head part) else part)
        (builtins.split "(0|[1-9][0-9]*)" text);
      less = a: b: (compareLists lib.trivial.compare (head a) (head b)) < 0;
    in
    map (pair: elemAt pair 1) (builtins.sort less (map (x: [ (vectorise x) x ]) list));

  # Sort by a key.
  sortOn = f: list:
    map (pair: pair.value)
      (builtins.sort (a: b: a.key < b.key) (map (value: { key = f value; inherit value; }) list));

  take = count: sublist 0 count;
  takeEnd = count: list: lib.lists.drop (lib.trivial.max 0 (length list - count)) list;
  drop = count: list: sublist count (length list) list;
  dropEnd = count: list: take (lib.trivial.max 0 (length list - count)) list;

  # The longest prefix that fits, and the rest.
  takeWhile = predicate: list: take (lengthWhile predicate list) list;
  dropWhile = predicate: list: drop (lengthWhile predicate list) list;
  lengthWhile = predicate: list: findFirstIndex (x: !predicate x) (length list) list;

  sublist = start: count: list:
    let
      size = length list;
    in
    genList (n: elemAt list (n + start)) (if start >= size then 0 else if start + count > size then size - start else count);

  hasPrefix = a: b: take (length a) b == a;
  removePrefix = a: b:
    if hasPrefix a b then drop (length a) b
    else throw "lib.lists.removePrefix: the first list is no prefix of the second";

  commonPrefixLength = a: b:
    let
      size = min (length a) (length b);
      go = n: if n < size && elemAt a n == elemAt b n then go (n + 1) else n;
    in
    go 0;
  commonPrefix = a: b: take (commonPrefixLength a b) a;

  last = list: if list == [ ] then throw "lib.last: the list is empty" else elemAt list (length list - 1);
  init = list: if list == [ ] then throw "lib.init: the list is empty" else take (length list - 1) list;

  # Every element once, in order of first appearance; the closure finds strings and integers again without looking at each.
  unique = list:
    let
      keyed = builtins.genericClosure {
        startSet = imap0 (index: key: { inherit key index; }) list;
        operator = _: [ ];
      };
    in
    if builtins.all builtins.isString list || builtins.all builtins.isInt list then map (item: item.key) keyed
    else foldl' (found: x: if builtins.elem x found then found else found ++ [ x ]) [ ] list;

  # Like `unique` with an own equality.
  uniqueBy = equal: foldl' (found: x: if builtins.any (y: equal y x) found then found else found ++ [ x ]) [ ];

  uniqueStrings = list: builtins.attrNames (builtins.groupBy (x: x) list);

  allUnique = list: length (unique list) == length list;

  # Elements of `b` that are in `a`, and those that are not.
  intersectLists = a: b: filter (x: builtins.elem x a) b;
  subtractLists = a: b:
    let
      known = stringSet a;
    in
    if known != null && stringSet b != null
    then filter (x: !(known ? ${builtins.unsafeDiscardStringContext x})) b
    else filter (x: !(builtins.elem x a)) b;
  mutuallyExclusive = a: b: length a == 0 || !(builtins.any (x: builtins.elem x a) b);

  # Group and fold each group.
  groupBy' = op: nul: key: list: builtins.mapAttrs (_: foldl op nul) (builtins.groupBy key list);

  replaceElemAt = list: index: x: imap0 (i: old: if i == index then x else old) list;
}
