# User environments: what `osconf profile` builds.
{
  lib,
  archive,
  final,
  ...
}:
let
  # What starts the commands of profiles has a Python of its own: the machine may have none, or another.
  python = final.mkEnvironment {
    name = "launcher-environment";
    packages = [ "python3" ];
    essential = false;
  };
  launcher = final.runCommand "osconf-launcher" { nativeBuildInputs = [ "python3" ]; } ''
    package="$out/share/osconf/osconf"
    mkdir -p "$package/environment" "$package/sandbox"
    touch "$package/__init__.py" "$package/environment/__init__.py" "$package/sandbox/__init__.py"
    cp ${../../osconf/environment/enter.py} "$package/environment/enter.py"
    cp ${../../osconf/environment/host_view.py} "$package/environment/host_view.py"
    cp ${../../osconf/sandbox/launcher.py} "$package/sandbox/launcher.py"
    cat > "$out/share/osconf/enter" << END
    import sys
    sys.path.insert(0, sys.argv[0].rpartition("/")[0])
    from osconf.environment.enter import main
    sys.exit(main())
    END
    python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash "$package"
  '';

  # The trees whose programs an element offers, and those to take when these have none: what a metapackage depends on.
  describe =
    { name, value }:
    {
      inherit name;
      paths = [ "${value}" ];
    }
    // lib.optionalAttrs (value ? archivePackage) {
      otherwise = map (dependency: "${archive.${dependency}}") value.depends;
    };
in
{
  # `members` is a list of { name; value; }: a package value, or a string that names a store path.
  mkProfile =
    {
      members,
      manifest ? { },
      lock ? "",
    }:
    final.makePackage {
      name = "profile";
      builder = "builtin:profile";
      environment = final.mkEnvironment {
        name = "profile-environment";
        kind = "shell";
        packages = [ "bash" "coreutils" ] ++ map (member: member.value) members;
        reason = "in the profile";
      };
      inherit python launcher lock;
      sources = builtins.toJSON (map describe members);
      manifest = builtins.toJSON manifest;
    };
}
