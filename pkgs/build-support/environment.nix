# Environments: a merged /usr over the closure of some packages.
{
  lib,
  archive,
  sources,
  primops,
  final,
  ...
}:
let
  # What an environment may be asked to hold, sorted out: archive packages by name, trees, and values whose packages join.
  addMember =
    reason: state: member:
    if builtins.isList member then
      builtins.foldl' (addMember reason) state member
    else if builtins.isString member && builtins.substring 0 1 member != "/" then
      addRoot state member reason
    else if member ? archivePackage then
      state
      // {
        roots = state.roots ++ [
          {
            name = member.archivePackage;
            inherit (member) sha256;
            inherit reason;
          }
        ];
      }
    else if member ? environmentMembers then
      builtins.foldl' (addMember reason) state member.environmentMembers
    else
      state
      // {
        trees = state.trees ++ [ "${member}" ];
        contexts = state.contexts ++ [ member ];
      };
  addRoot =
    state: name: reason:
    state // { roots = state.roots ++ [ { inherit name reason; } ]; };

  sortMembers =
    reason: members:
    builtins.foldl' (addMember reason) {
      roots = [ ];
      trees = [ ];
      contexts = [ ];
    } members;
in
{
  mkEnvironment =
    {
      name ? "environment",
      # Packages, names of archive packages, built packages, lists of these.
      packages ? [ ],
      extraTrees ? [ ],
      # { editor = "/usr/bin/vim.basic"; }
      alternatives ? { },
      # Any value: the archive packages that its strings refer to join.
      context ? null,
      # Where `packages` was said, for the errors of the resolver.
      reason ? "in the environment ‘${name}’",
      # system | service | build | shell
      kind ? "service",
      # Without the Essential packages, only what is asked for and its dependencies.
      essential ? true,
    }:
    let
      members = sortMembers reason packages;
      closure = primops.resolveEnvironment {
        inherit sources essential;
        packages = archive;
        inherit (members) roots;
        context = [
          context
          members.contexts
          extraTrees
        ];
        reason = "the environment ‘${name}’";
      };
    in
    final.makePackage {
      inherit name;
      builder = "builtin:environment";
      packages = builtins.toJSON (
        map (package: {
          name = package.archivePackage;
          contents = "${package.contents}";
        }) closure
      );
      extraTrees = builtins.toJSON (lib.unique (map (tree: "${tree}") (extraTrees ++ members.trees)));
      alternatives = builtins.toJSON alternatives;
      osconfEnvironmentKind = kind;
      format = primops.environmentFormat;
      passthru = {
        packages = map (package: package.archivePackage) closure;
        roots = map (root: root.name) members.roots;
      };
    };

  # The names of archive packages that a value refers to.
  packagesIn = value: primops.contextPackages value;

  # The closure of archive packages, by name.
  closureOf =
    names:
    primops.resolveClosure {
      inherit sources;
      roots = map (name: {
        inherit name;
        reason = "";
      }) names;
      essential = false;
    };
}
