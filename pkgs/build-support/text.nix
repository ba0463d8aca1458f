# Files with a given text, scripts, rendered templates. All are transparent: the packages that their text names are the
# packages of whatever refers to them.
{ lib, final, ... }:
let
  templates = ../../templates;

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      meta ? { },
      passthru ? { },
      ...
    }:
    final.makePackage {
      inherit
        name
        text
        executable
        destination
        meta
        passthru
        ;
      builder = "builtin:write";
      osconfTransparent = "1";
    };

  writeScriptIn =
    shell: name: text:
    writeTextFile {
      inherit name;
      executable = true;
      text = "#!${shell}\n${text}";
    };

  writeProgramIn =
    shell: name: text:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text = "#!${shell}\n${text}";
      meta.mainProgram = name;
    };

  bash = "/usr/bin/bash";
  pythonWith = options: "${final.python3.withPackages (_: options.libraries or [ ])}/bin/python3";

  # A template that names no other needs no folder: its result then changes only when it changes itself.
  usesOthers = text: builtins.match ".*[{]%-? *(include|import|from|extends) .*" (lib.replaceStrings [ "\n" ] [ " " ] text) != null;
in
{
  inherit writeTextFile;

  writeText = name: text: writeTextFile { inherit name text; };

  writeTextDir =
    path: text:
    writeTextFile {
      name = baseNameOf path;
      inherit text;
      destination = "/${path}";
    };

  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };

  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
      meta.mainProgram = name;
    };

  writeShellScript = writeScriptIn bash;
  writeShellScriptBin = writeProgramIn bash;
  writers = {
    writeBash = writeScriptIn bash;
    writeBashBin = writeProgramIn bash;
    writeDash = writeScriptIn "/usr/bin/dash";
    writeDashBin = writeProgramIn "/usr/bin/dash";
    # name -> { libraries ? [ ]; … } -> text: libraries are packages of python3, flakeIgnore and such say nothing here.
    writePython3 =
      name: options: text:
      writeScriptIn (pythonWith options) name text;
    writePython3Bin =
      name: options: text:
      writeProgramIn (pythonWith options) name text;
    writeJSON = name: value: writeTextFile { inherit name; text = builtins.toJSON value; };
    writeYAML = name: value: writeTextFile { inherit name; text = builtins.toJSON value; };
    writeTOML = (final.formats.toml { }).generate;
  };
  inherit (final.writers)
    writeBash
    writeBashBin
    writeDash
    writeDashBin
    writePython3
    writePython3Bin
    ;

  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? { },
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      inheritPath ? true,
      meta ? { },
      passthru ? { },
      ...
    }:
    writeTextFile {
      inherit name passthru;
      executable = true;
      destination = "/bin/${name}";
      meta = { mainProgram = name; } // meta;
      text =
        "#!${bash}\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") bashOptions
        + lib.concatStrings (lib.mapAttrsToList (key: value: "export ${key}=${lib.escapeShellArg value}\n") runtimeEnv)
        + lib.optionalString (
          runtimeInputs != [ ]
        ) ''export PATH="${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}"''
        + "\n\n${text}\n";
    };

  # A template of <osconf/templates> (by name, or a path) filled with data.
  render =
    {
      name,
      template,
      context ? { },
      destination ? "",
      executable ? false,
      passthru ? { },
    }:
    let
      path = if builtins.isPath template then template else templates + "/${template}";
      isAlone = !usesOthers (builtins.readFile path);
    in
    final.makePackage (
      {
        inherit
          name
          destination
          executable
          passthru
          ;
        builder = "builtin:render";
        template = path;
        context = builtins.toJSON context;
        osconfTransparent = "1";
      }
      // lib.optionalAttrs (!isAlone) { inherit templates; }
    );

  # A file with every @name@ replaced by the value of the attribute.
  replaceVars =
    path: values:
    writeTextFile {
      name = baseNameOf path;
      text =
        lib.replaceStrings (map (name: "@${name}@") (builtins.attrNames values)) (map toString (builtins.attrValues values))
          (builtins.readFile path);
    };

  substituteAll =
    arguments:
    let
      values = builtins.removeAttrs arguments [
        "src"
        "name"
        "isExecutable"
        "dir"
      ];
    in
    writeTextFile {
      name = arguments.name or (baseNameOf arguments.src);
      executable = arguments.isExecutable or false;
      text =
        lib.replaceStrings (map (name: "@${name}@") (builtins.attrNames values)) (map toString (builtins.attrValues values))
          (builtins.readFile arguments.src);
    };

  concatText =
    name: files:
    final.runCommand name { inherit files; } ''
      cat $files > "$out"
    '';
}
