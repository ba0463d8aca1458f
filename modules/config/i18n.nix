# Languages and the formats of dates, numbers and sorting.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.i18n;

  isBuiltIn =
    locale:
    lib.elem (lib.toLower locale) [
      "c"
      "posix"
      "c.utf-8"
      "c.utf8"
    ];

  # "en_US.UTF-8/UTF-8" -> { name, charmap, definition }
  parse =
    entry:
    let
      parts = lib.splitString "/" entry;
      name = lib.head parts;
      withoutModifier = lib.splitString "@" name;
      modifier = lib.optionalString (lib.length withoutModifier > 1) "@${lib.elemAt withoutModifier 1}";
    in
    {
      inherit name;
      charmap = if lib.length parts > 1 then lib.elemAt parts 1 else "UTF-8";
      definition = lib.head (lib.splitString "." (lib.head withoutModifier)) + modifier;
    };

  wanted = lib.filter (locale: !isBuiltIn locale.name) (map parse (lib.unique cfg.supportedLocales));

  archive = pkgs.runCommand "locale-archive" {
    nativeBuildInputs = [
      pkgs.libc-bin
      pkgs.locales
    ];
  } (
    ''
      mkdir -p $out/usr/lib/locale prefix/usr/lib/locale
    ''
    + lib.concatMapStrings (locale: ''
      localedef --prefix=$PWD/prefix --inputfile=${lib.escapeShellArg locale.definition} \
        --charmap=${lib.escapeShellArg locale.charmap} ${lib.escapeShellArg locale.name}
    '') wanted
    + ''
      cp prefix/usr/lib/locale/locale-archive $out/usr/lib/locale/locale-archive
    ''
  );
in
{
  options.i18n = {
    defaultLocale = mkOption {
      type = types.str;
      default = "C.UTF-8";
      example = "de_DE.UTF-8";
      description = "The language and formats that programs use unless told otherwise.";
    };

    extraLocaleSettings = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        LC_TIME = "de_DE.UTF-8";
      };
      description = "Single aspects that differ from {option}`i18n.defaultLocale`.";
    };

    supportedLocales = mkOption {
      type = types.listOf types.str;
      default = [ cfg.defaultLocale ] ++ lib.attrValues cfg.extraLocaleSettings;
      defaultText = lib.literalMD "those the other options name";
      example = [ "en_US.UTF-8/UTF-8" ];
      description = "Locales the system knows. C.UTF-8 is always there.";
    };

    localeTree = mkOption {
      type = types.nullOr types.package;
      internal = true;
      readOnly = true;
      description = "The compiled locales, as a tree for environments.";
    };
  };

  config = {
    i18n.localeTree = if wanted == [ ] then null else archive;

    environment.extraTrees = lib.optional (wanted != [ ]) archive;
    systemd.serviceEnvironmentPackages = lib.optional (wanted != [ ]) archive;

    environment.etc = {
      "locale.conf".text = lib.concatStrings (
        lib.mapAttrsToList (name: value: "${name}=${value}\n") ({ LANG = cfg.defaultLocale; } // cfg.extraLocaleSettings)
      );
      "default/locale".text = config.environment.etc."locale.conf".text;
    };

    environment.sessionVariables = {
      LANG = cfg.defaultLocale;
    }
    // cfg.extraLocaleSettings;
  };
}
