# Assertions with messages.
{ lib, ... }:

rec {
  # True, or fail with the message.
  assertMsg = predicate: message: predicate || throw message;

  assertOneOf = name: value: values:
    assertMsg (builtins.elem value values)
      "${name} must be one of ${lib.generators.toPretty { } values}, but is: ${lib.generators.toPretty { } value}";

  assertEachOneOf = name: given: valid:
    assertMsg (builtins.all (value: builtins.elem value valid) given)
      "each element in ${name} must be one of ${lib.generators.toPretty { } valid}, but is: ${lib.generators.toPretty { } given}";

  # Pass a value through, or fail with the message.
  checkAssertWarn = assertions: warnings: value:
    let
      failed = map (x: x.message) (builtins.filter (x: !x.assertion) assertions);
    in
    if failed != [ ] then throw "\nFailed assertions:\n${lib.strings.concatMapStringsSep "\n" (x: "- ${x}") failed}"
    else lib.trivial.showWarnings warnings value;
}
