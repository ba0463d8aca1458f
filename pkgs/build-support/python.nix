# Python programs and libraries from source, on the archive's interpreter and libraries.
{ lib, archive, final, ... }:
let
  isBuilt = input: builtins.isAttrs input && !(input ? archivePackage);
  sitePackages = "lib/python3/dist-packages";

  buildPython =
    kind: attributes:
    let
      dependencies =
        (attributes.dependencies or [ ])
        ++ (attributes.propagatedBuildInputs or [ ])
        ++ lib.flatten (builtins.attrValues (attributes.optional-dependencies or { }));
      built = builtins.filter isBuilt dependencies;
      fromArchive = builtins.filter (input: !(isBuilt input)) dependencies;
      # What must be where the program runs: the archive's libraries, also those of the built ones.
      runtime = lib.unique (
        [ "python3" ]
        ++ map (package: package.archivePackage) fromArchive
        ++ builtins.concatMap (package: package.archiveDependencies or [ ]) built
      );
      paths = map (package: "${package}/${sitePackages}") built;
    in
    final.stdenv.mkDerivation (
      builtins.removeAttrs attributes [
        "build-system"
        "dependencies"
        "optional-dependencies"
        "propagatedBuildInputs"
        "format"
        "pyproject"
        "pythonImportsCheck"
      ]
      // {
        nativeBuildInputs =
          [
            archive.python3
            archive.python3-pip
            archive.python3-setuptools
            archive.python3-wheel
            archive.python3-dev
          ]
          ++ (attributes.build-system or [ ])
          ++ (attributes.nativeBuildInputs or [ ])
          ++ fromArchive;
        archiveDependencies = runtime;
        pythonPath = lib.concatStringsSep ":" paths;
        importsToCheck = attributes.pythonImportsCheck or [ ];
        isProgram = if kind == "application" then "1" else "";
        buildPhase = attributes.buildPhase or "true";
        installPhase =
          attributes.installPhase or ''
            runHook preInstall
            export PYTHONPATH="$pythonPath"
            python3 -m pip install --quiet --no-index --no-deps --no-build-isolation --no-warn-script-location \
              --root-user-action ignore --break-system-packages --ignore-installed --no-compile --prefix "$out" .
            # The interpreter looks beside itself only: a program says where its own modules are.
            if [ -n "$isProgram" ] && [ -d "$out/bin" ]; then
              for program in "$out"/bin/*; do
                wrapProgram "$program" --prefix PYTHONPATH : "$out/${sitePackages}''${pythonPath:+:$pythonPath}"
              done
            fi
            for module in $importsToCheck; do
              PYTHONPATH="$out/${sitePackages}:$PYTHONPATH" python3 -c "import $module"
            done
            runHook postInstall
          '';
        passthru = {
          archiveDependencies = runtime;
        } // attributes.passthru or { };
      }
    );
in
{
  buildPythonPackage = buildPython "package";
  buildPythonApplication = buildPython "application";
}
