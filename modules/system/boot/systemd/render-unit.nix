# One unit: its file from the template, and the environment it runs in.
{
  lib,
  pkgs,
  serviceEnvironmentPackages,
}:

let
  isStart = value: value != null && value != [ ] && value != "";

  # A unit that says what to run stands for itself; a list that starts with "" changes a package's unit.
  chooseStrategy =
    definition:
    let
      start = definition.serviceConfig.ExecStart or null;
      isOverride = builtins.isList start && start != [ ] && builtins.head start == "";
    in
    if definition.overrideStrategy != "auto" then
      definition.overrideStrategy
    else if isOverride then
      "asDropin"
    else if isStart start then
      "asFile"
    else
      "asDropinIfExists";

  chooseUsr =
    definition: strategy:
    if !(definition ? serviceConfig) then
      "system"
    else if definition.usr != null then
      definition.usr
    else if strategy != "asFile" || definition.serviceConfig ? PAMName then
      "system"
    else
      "own";

  bindUsr =
    environment: section:
    if section.name != "Service" then
      section
    else
      section
      // {
        settings = section.settings // {
          BindReadOnlyPaths = lib.toList (section.settings.BindReadOnlyPaths or [ ]) ++ [ "${environment}/usr:/usr" ];
        };
      };
in
{
  renderUnit =
    name: sections: definition:
    let
      strategy = chooseStrategy definition;
      usr = chooseUsr definition strategy;
      environment = pkgs.mkEnvironment {
        name = "service-environment";
        packages = serviceEnvironmentPackages;
        reason = "in the environment of ${name}";
        context = sections;
      };
    in
    {
      inherit (definition)
        enable
        wantedBy
        requiredBy
        upheldBy
        aliases
        ;
      inherit usr;
      overrideStrategy = strategy;
      environment = if usr == "own" && definition.enable then environment else null;
      unit = pkgs.render {
        name = "unit-${lib.strings.sanitizeDerivationName name}";
        template = "unit.j2";
        context.sections = if usr == "own" then map (bindUsr environment) sections else sections;
      };
    };
}
