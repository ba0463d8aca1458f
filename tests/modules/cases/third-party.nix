# Modules in the ways that projects outside of the system write theirs.
{ lib }:
let
  inherit (lib) evalModules mkDefault mkIf mkMerge mkOption types;
in
{
  # One module per system, evaluated on its own and transposed.
  perSystem = (evalModules {
    modules = [
      ({ lib, config, ... }: {
        options = {
          systems = mkOption { type = types.listOf types.str; };
          perSystem = mkOption { type = types.deferredModule; };
          allSystems = mkOption { type = types.lazyAttrsOf types.unspecified; internal = true; };
          flake = mkOption {
            type = types.submoduleWith {
              modules = [ { freeformType = types.lazyAttrsOf (types.unique { message = "Only once."; } types.raw); } ];
            };
          };
        };
        config = {
          allSystems = lib.genAttrs config.systems (system: (evalModules {
            prefix = [ "perSystem" system ];
            class = "perSystem";
            modules = [
              config.perSystem
              { options.packages = mkOption { type = types.lazyAttrsOf types.raw; default = { }; }; }
              { _module.args.system = system; }
            ];
          }).config);
          flake.packages = lib.mapAttrs (_: one: one.packages) config.allSystems;
        };
      })
      { systems = [ "a" "b" ]; perSystem = { system, ... }: { packages.default = "package-${system}"; }; }
    ];
  }).config.flake;

  # An option whose type comes from two modules, one of them open.
  openAndClosed = (evalModules {
    modules = [
      { options.flake = mkOption { type = types.submoduleWith { modules = [ { options.x = mkOption { type = types.lazyAttrsOf types.str; default = { }; apply = lib.mapAttrs (_: lib.toUpper); }; } ]; }; }; }
      { options.flake = mkOption { type = types.submoduleWith { modules = [ { freeformType = types.lazyAttrsOf types.raw; } ]; }; }; }
      { flake.y = 1; flake.x.a = "a"; }
    ];
  }).config.flake;

  # Configurations of users inside the configuration of a machine, with a library and arguments of their own.
  users =
    let
      user = types.submoduleWith {
        description = "home of a user";
        class = "home";
        specialArgs = { lib = lib.extend (_: _: { greeting = "hello"; }); machine.name = "box"; };
        modules = [
          ({ name, lib, machine, ... }: {
            options.text = mkOption { type = types.str; };
            config.text = mkDefault "${lib.greeting} ${name} on ${machine.name}";
          })
        ];
      };
      found = evalModules {
        modules = [
          { options.users = mkOption { type = types.attrsOf user; default = { }; visible = "shallow"; }; }
          { users.anna = { ... }: { }; users.bert.text = "own"; }
        ];
      };
    in
    [ found.config found.options.users.type.description ];

  # A type of its own that chooses another type by an attribute of the value.
  ownUnion =
    let
      kinds = {
        filesystem = types.submodule {
          options.type = mkOption { type = types.enum [ "filesystem" ]; };
          options.format = mkOption { type = types.str; };
          options.mountpoint = mkOption { type = types.nullOr types.path; default = null; };
        };
        swap = types.submodule {
          options.type = mkOption { type = types.enum [ "swap" ]; };
          options.random = mkOption { type = types.bool; default = false; };
        };
      };
      content = lib.mkOptionType {
        name = "content";
        description = "one of ${lib.concatStringsSep ", " (lib.attrNames kinds)}";
        check = value: if value ? type then kinds.${value.type}.check value else throw "no type in ${builtins.toJSON value}";
        merge = loc: lib.foldl' (_: definition: kinds.${definition.value.type}.merge loc [ definition ]) { };
        nestedTypes = kinds;
      };
    in
    (evalModules {
      modules = [
        { options.partitions = mkOption { type = types.attrsOf content; }; }
        { partitions.root = { type = "filesystem"; format = "ext4"; mountpoint = "/"; }; partitions.swap.type = "swap"; }
      ];
    }).config.partitions;

  # A graph whose entries may be given bare, with an order between them.
  dag =
    let
      entry = types.submodule ({ name, ... }: {
        options.data = mkOption { type = types.lines; };
        options.after = mkOption { type = types.listOf types.str; default = [ ]; };
        options.name = mkOption { type = types.str; default = name; };
      });
      asEntry = definition: {
        inherit (definition) file;
        value =
          if definition.value ? data then definition.value
          else { data = if definition ? priority then lib.mkOrder definition.priority definition.value else definition.value; };
      };
      dagEntry = lib.mkOptionType {
        name = "dagEntry";
        description = "entry of a graph";
        merge = loc: definitions: entry.merge loc (map asEntry definitions);
        inherit (entry) getSubOptions getSubModules;
        substSubModules = modules: throw "not needed";
      };
      found = (evalModules {
        modules = [
          { options.steps = mkOption { type = types.attrsOf dagEntry; default = { }; }; }
          { steps.links = "make links"; steps.reload = { data = "reload"; after = [ "links" ]; }; }
          { steps.links = lib.mkBefore "prepare"; }
        ];
      }).config.steps;
    in
    map (step: step.data) (lib.toposort (a: b: lib.elem a.name b.after) (lib.attrValues found)).result;

  # Members that know their name, take defaults from the set around them and are read-only in part.
  secrets =
    let
      secret = outer: types.submodule ({ config, ... }: {
        config.sopsFile = lib.mkOptionDefault outer.defaultFile;
        config.checked = mkDefault (lib.optionalString outer.validate "yes");
        options = {
          name = mkOption { type = types.str; default = config._module.args.name; };
          sopsFile = mkOption { type = types.path; defaultText = lib.literalExpression "\${config.secrets.defaultFile}"; };
          checked = mkOption { type = types.str; readOnly = true; };
          mode = mkOption { type = types.str; default = "0400"; };
        };
      });
      found = evalModules {
        modules = [
          ({ config, ... }: {
            imports = [ (lib.mkRenamedOptionModule [ "secrets" "file" ] [ "secrets" "defaultFile" ]) ];
            options = {
              secrets.entries = mkOption { type = types.attrsOf (secret config.secrets); default = { }; };
              secrets.defaultFile = mkOption { type = types.path; };
              secrets.validate = mkOption { type = types.bool; default = true; };
              out = mkOption { type = types.listOf types.str; default = [ ]; };
              warnings = mkOption { type = types.listOf types.str; default = [ ]; };
            };
            config = mkMerge [
              (mkIf (config.secrets.entries != { }) { out = lib.attrNames config.secrets.entries; })
              { warnings = lib.optional (!config.secrets.validate) "not validated"; }
            ];
          })
          { _file = "user.nix"; secrets.file = "/x/y.yaml"; secrets.entries."a/b".mode = "0440"; secrets.entries.c.sopsFile = "/z"; }
        ];
      };
    in
    { inherit (found.config.secrets) entries; inherit (found.config) out warnings; };

  # Lists whose entries may be texts or sets, from several modules, in sets with names from the outside.
  persistence =
    let
      file = { options.file = mkOption { type = types.str; }; };
    in
    (evalModules {
      modules = [
        {
          options.persistence = mkOption {
            default = { };
            type = types.attrsOf (types.submodule ({ name, ... }: {
              options.path = mkOption { type = types.path; default = name; };
              options.files = mkOption {
                default = [ ];
                type = types.listOf (types.coercedTo types.str (text: { file = text; }) (types.submodule [
                  file
                  ({ config, ... }: { options.full = mkOption { type = types.path; internal = true; default = "/${config.file}"; }; })
                ]));
              };
            }));
          };
        }
        { persistence."/persist".files = [ "etc/machine-id" ]; }
        { persistence."/persist".files = [ { file = "etc/x"; } ]; }
      ];
    }).config.persistence;

  # Settings that are open, with some of them known.
  agents = (evalModules {
    modules = [
      {
        options.agents = mkOption {
          type = types.attrsOf (types.submodule ({ config, name, ... }: {
            options.command = mkOption { type = types.either types.str types.path; default = ""; };
            options.settings = mkOption {
              default = { };
              type = types.submodule {
                freeformType = types.attrsOf types.anything;
                options.Label = mkOption { type = types.str; default = name; };
                options.KeepAlive = mkOption {
                  default = null;
                  type = types.nullOr (types.either types.bool (types.submodule {
                    options.SuccessfulExit = mkOption { type = types.nullOr types.bool; default = null; };
                  }));
                };
              };
            };
            config.settings.Program = mkIf (config.command != "") [ "/bin/sh" "-c" config.command ];
          }));
        };
      }
      { agents.list = { command = "ls"; settings.KeepAlive.SuccessfulExit = false; settings.Env.X = 1; }; }
    ];
  }).config.agents;

  # The same configuration again with more modules, as the type of an option.
  variants = (evalModules {
    modules = [
      ({ extendModules, ... }: {
        options.level = mkOption { type = types.int; default = 1; };
        options.variants = mkOption {
          default = { };
          visible = "shallow";
          type = types.attrsOf (types.submodule {
            options.configuration = mkOption {
              default = { };
              inherit (extendModules { modules = [ { level = lib.mkOverride 90 5; } ]; }) type;
            };
          });
        };
      })
      { variants.plain = { }; variants.high.configuration.level = lib.mkForce 7; }
    ];
  }).config.variants.high.configuration.level;
}
