# People who look after packages and modules. Third-party modules name theirs: with osconf's evaluator every name is
# known, for `with lib.maintainers; [ somebody ]` must not fail for a list that nothing depends on.
{ hasEngine, primops, ... }:

if hasEngine then primops.anybody else { }
