# People, service accounts and groups.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.users;

  passwordHash = types.addCheck types.str (text: !lib.hasInfix ":" text && !lib.hasInfix "\n" text) // {
    description = "password hash, without colon and line break";
  };

  password =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };

  idRange = types.submodule {
    options = {
      start = mkOption {
        type = types.int;
        description = "The first id.";
      };
      count = mkOption {
        type = types.int;
        default = 1;
        description = "How many ids.";
      };
    };
  };

  user =
    { name, config, ... }:
    {
      options = {
        name = mkOption {
          type = types.passwdEntry types.str;
          default = name;
          description = "The name of the account.";
        };
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the account exists.";
        };
        description = mkOption {
          type = types.passwdEntry types.str;
          default = "";
          example = "Alice Liddell";
          description = "Who or what the account is for.";
        };
        uid = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "The number of the account. `null` takes a free one, which then stays.";
        };
        isNormalUser = mkOption {
          type = types.bool;
          default = false;
          description = "Whether this is a person: a home directory, a login shell, the group `users`.";
        };
        isSystemUser = mkOption {
          type = types.bool;
          default = false;
          description = "Whether this is an account of a service, with a number below 1000.";
        };
        group = mkOption {
          type = types.str;
          default = "";
          description = "The primary group. People are in `users` by default.";
        };
        extraGroups = mkOption {
          type = types.listOf types.str;
          default = [ ];
          example = [ "wheel" ];
          description = "More groups.";
        };
        home = mkOption {
          type = types.passwdEntry types.path;
          default = "/nonexistent";
          description = "The home directory.";
        };
        homeMode = mkOption {
          type = types.strMatching "[0-7]{1,5}";
          default = "700";
          description = "The access mode of the home directory when it is made.";
        };
        createHome = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the home directory is made when it is missing.";
        };
        shell = mkOption {
          type = types.nullOr (types.either types.package (types.passwdEntry types.path));
          default = "/usr/sbin/nologin";
          example = lib.literalExpression "pkgs.zsh";
          description = "The login shell: a program, or a package whose program of the same name it is.";
        };
        shellProgram = mkOption {
          type = types.str;
          internal = true;
          readOnly = true;
          description = "The login shell as a path below /usr.";
        };
        useDefaultShell = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the login shell is {option}`users.defaultUserShell`.";
        };
        packages = mkOption {
          type = types.listOf types.package;
          default = [ ];
          example = lib.literalExpression "[ pkgs.tmux ]";
          description = "Packages for this user. There is one `/usr`, so everybody has them.";
        };
        hashedPassword = password passwordHash "The hash of the password, as `mkpasswd` prints it; set at every switch.";
        hashedPasswordFile = password types.str "A file that holds the hash of the password, read at every switch.";
        passwordFile = password types.str "Another name of {option}`hashedPasswordFile`.";
        password = password types.str ''
          The password itself, set at every switch. Everybody can read it in the store: for tests only.
        '';
        initialHashedPassword = password passwordHash "The hash of the password the account gets when it is made.";
        initialPassword = password types.str ''
          The password the account gets when it is made. Everybody can read it in the store: have it changed.
        '';
        subUidRanges = mkOption {
          type = types.listOf idRange;
          default = [ ];
          description = "Numbers of subordinate users the account may map in a user namespace.";
        };
        subGidRanges = mkOption {
          type = types.listOf idRange;
          default = [ ];
          description = "Numbers of subordinate groups the account may map in a user namespace.";
        };
        autoSubUidGidRange = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the account gets a free range of subordinate users and groups.";
        };
        linger = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the account's user manager runs from boot on, without a login.";
        };
        expires = mkOption {
          type = types.nullOr (types.strMatching "[0-9]{4}-[0-9]{2}-[0-9]{2}");
          default = null;
          description = "The day from which the account cannot be used.";
        };
      };

      config = lib.mkMerge [
        {
          shell = lib.mkIf config.useDefaultShell (lib.mkDefault cfg.defaultUserShell);
          shellProgram =
            if config.shell == null then
              "/usr/sbin/nologin"
            else if lib.isDerivation config.shell then
              "/usr/bin/${config.shell.pname or (lib.getName config.shell)}"
            else
              toString config.shell;
        }
        (lib.mkIf config.isNormalUser {
          group = lib.mkDefault "users";
          createHome = lib.mkDefault true;
          home = lib.mkDefault "/home/${config.name}";
          useDefaultShell = lib.mkDefault true;
          isSystemUser = lib.mkDefault false;
          autoSubUidGidRange = lib.mkDefault (config.subUidRanges == [ ] && config.subGidRanges == [ ]);
        })
      ];
    };

  group =
    { name, ... }:
    {
      options = {
        name = mkOption {
          type = types.passwdEntry types.str;
          default = name;
          description = "The name of the group.";
        };
        gid = mkOption {
          type = types.nullOr types.int;
          default = null;
          description = "The number of the group. `null` takes a free one, which then stays.";
        };
        members = mkOption {
          type = types.listOf (types.passwdEntry types.str);
          default = [ ];
          description = "Who is in the group, beside those who name it in {option}`users.users.<name>.extraGroups`.";
        };
      };
    };

  users = lib.filterAttrs (_: account: account.enable) cfg.users;

  describeUser = account: {
    inherit (account)
      name
      uid
      group
      home
      description
      isNormalUser
      isSystemUser
      createHome
      extraGroups
      hashedPassword
      initialHashedPassword
      initialPassword
      password
      subUidRanges
      subGidRanges
      autoSubUidGidRange
      linger
      expires
      ;
    homeMode = account.homeMode;
    hashedPasswordFile = if account.hashedPasswordFile != null then account.hashedPasswordFile else account.passwordFile;
    shell = account.shellProgram;
  };

  # What useradd takes: other names break /etc/passwd, paths and units.
  isName = name: builtins.match "[a-zA-Z_][a-zA-Z0-9_-]{0,30}[a-zA-Z0-9_$-]?" name != null;
  badName = "has a name that no account can have: letters, digits, _ and -, at most 32, the first no digit.";

  checkUser = name: account: [
    {
      assertion = isName account.name;
      message = "users.users.\"${account.name}\" ${badName}";
    }
    {
      assertion = account.isSystemUser != account.isNormalUser || name == "root";
      message = "users.users.${name} must set exactly one of isNormalUser and isSystemUser.";
    }
    {
      assertion = account.group != "";
      message = "users.users.${name}.group is not set. Give the account a group of its own: users.users.${name}.group = \"${name}\"; users.groups.${name} = { };";
    }
  ];

  # Two accounts with one number are one account to the kernel.
  checkNumbers =
    option: key: accounts:
    let
      numbered = lib.filterAttrs (_: account: account.${key} != null) accounts;
      byNumber = lib.groupBy (name: toString numbered.${name}.${key}) (lib.attrNames numbered);
    in
    lib.mapAttrsToList (number: names: {
      assertion = !cfg.enforceIdUniqueness || lib.length names == 1;
      message = "${option} ${lib.concatStringsSep " and " names} have the same ${key}, ${number}.";
    }) byNumber;

  mayLogIn =
    account:
    lib.any (secret: secret != null && secret != "!" && secret != "*") [
      account.hashedPassword
      account.hashedPasswordFile
      account.passwordFile
      account.password
      account.initialHashedPassword
      account.initialPassword
    ]
    || account.openssh.authorizedKeys.keys != [ ]
    || account.openssh.authorizedKeys.keyFiles != [ ];
in
{
  options.users = {
    users = mkOption {
      type = types.attrsOf (types.submodule user);
      default = { };
      example = lib.literalExpression ''
        {
          alice = {
            isNormalUser = true;
            extraGroups = [ "wheel" ];
            openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA… alice@example" ];
          };
        }
      '';
      description = "Accounts, by name.";
    };

    groups = mkOption {
      type = types.attrsOf (types.submodule group);
      default = { };
      example = {
        developers.members = [ "alice" ];
      };
      description = "Groups, by name.";
    };

    mutableUsers = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether accounts made and passwords set by hand (`useradd`, `passwd`) stay. `false` makes accounts exactly what
        the configuration says.
      '';
    };

    defaultUserShell = mkOption {
      type = types.either types.path types.package;
      default = "/usr/bin/bash";
      example = lib.literalExpression "pkgs.zsh";
      description = "The login shell of people.";
    };

    enforceIdUniqueness = mkOption {
      type = types.bool;
      default = true;
      description = "Whether two accounts with the same number are an error.";
    };

    allowNoPasswordLogin = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a system that nobody can log in to is no mistake.";
    };
  };

  config = {
    users.users.root = {
      uid = 0;
      group = "root";
      description = lib.mkDefault "System administrator";
      home = "/root";
      shell = lib.mkDefault cfg.defaultUserShell;
      # Locked until the configuration gives it a password.
      initialHashedPassword = lib.mkDefault "!";
    };

    users.groups = {
      root.gid = 0;
      users.gid = 100;
      wheel = { };
    };

    environment.systemPackages = lib.concatMap (account: account.packages) (lib.attrValues users);

    assertions =
      lib.concatLists (lib.mapAttrsToList checkUser users)
      ++ map (group: {
        assertion = isName group.name;
        message = "users.groups.\"${group.name}\" ${badName}";
      }) (lib.attrValues cfg.groups)
      ++ checkNumbers "users.users" "uid" users
      ++ checkNumbers "users.groups" "gid" cfg.groups
      ++ [
        {
          assertion =
            cfg.mutableUsers
            || cfg.allowNoPasswordLogin
            || lib.any (account: mayLogIn account && (account.name == "root" || lib.elem "wheel" account.extraGroups)) (
              lib.attrValues users
            );
          message = ''
            With users.mutableUsers = false nobody could log in as root or use sudo. Give root or a member of wheel a
              hashedPassword, a hashedPasswordFile or an SSH key, or set users.allowNoPasswordLogin.'';
        }
      ];

    system.build.accounts = {
      users = map describeUser (lib.attrValues users);
      groups = lib.mapAttrsToList (_: value: { inherit (value) name gid members; }) cfg.groups;
    };
  };
}
