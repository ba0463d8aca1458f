# People who look after packages and modules. Third-party modules name theirs; any name is accepted by `or`.
{ ... }:

{ }
