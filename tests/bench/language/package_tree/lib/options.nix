{ lib }:
{
  mkOption = { default ? null, description ? null, type ? null, example ? null, apply ? null, internal ? null, ... }@attrs:
    attrs // { _type = "option"; };
  mkEnableOption = name: lib.mkOption {
    default = false;
    example = true;
    description = "Whether to enable ${name}.";
    type = lib.types.bool;
  };
  literalExpression = text: { _type = "literalExpression"; inherit text; };
}
