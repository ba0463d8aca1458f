# The secure shell server.
{ config, lib, pkgs, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.openssh;

  hostKey = types.submodule {
    options = {
      type = mkOption {
        type = types.enum [
          "ed25519"
          "rsa"
          "ecdsa"
        ];
        description = "The kind of key.";
      };
      path = mkOption {
        type = types.path;
        description = "Where the key is.";
      };
      bits = mkOption {
        type = types.nullOr types.int;
        default = null;
        description = "The size of the key, where the kind leaves a choice.";
      };
      comment = mkOption {
        type = types.str;
        default = "";
        description = "A word about the key.";
      };
    };
  };

  listenAddress = types.submodule {
    options = {
      addr = mkOption {
        type = types.str;
        description = "The address, or the name, to listen on.";
      };
      port = mkOption {
        type = types.nullOr types.port;
        default = null;
        description = "The port to listen on; those of {option}`services.openssh.ports` by default.";
      };
    };
  };

  authorizedKeys =
    { ... }:
    {
      options.openssh.authorizedKeys = {
        keys = mkOption {
          type = types.listOf types.singleLineStr;
          default = [ ];
          example = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0… alice@example" ];
          description = "Public keys that open this account.";
        };
        keyFiles = mkOption {
          type = types.listOf types.path;
          default = [ ];
          description = "Files with public keys that open this account.";
        };
      };
    };

  keysOf =
    user:
    let
      inherit (user.openssh.authorizedKeys) keys keyFiles;
    in
    lib.concatMapStrings (key: "${key}\n") (keys ++ map lib.readFile keyFiles);

  makeKey =
    key:
    lib.concatStringsSep " " (
      [
        "ssh-keygen"
        "-q"
        "-t ${key.type}"
      ]
      ++ lib.optional (key.bits != null) "-b ${toString key.bits}"
      ++ [
        "-C ${lib.escapeShellArg key.comment}"
        "-N ''"
        "-f ${lib.escapeShellArg key.path}"
      ]
    );

  setting = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.str
      (types.listOf types.str)
    ]
  );

  yesOr = default: description: mkOption {
    type = types.nullOr types.bool;
    inherit default description;
  };

  serverConfig = pkgs.render {
    name = "sshd_config";
    template = "sshd_config.j2";
    context = {
      inherit (cfg)
        ports
        settings
        extraConfig
        authorizedKeysFiles
        ;
      listenAddresses = map (value: {
        inherit (value) port;
        address = if lib.hasInfix ":" value.addr then "[${value.addr}]" else value.addr;
      }) cfg.listenAddresses;
      hostKeys = map (key: key.path) cfg.hostKeys;
      sftp = if cfg.allowSFTP then cfg.sftpServerExecutable else null;
      inherit (cfg) sftpFlags;
    };
  };

  # sshd checks a host key too, so the check has one of its own.
  checkedConfig =
    pkgs.runCommand "sshd_config-checked"
      {
        nativeBuildInputs = [ pkgs.openssh-server ];
        inherit serverConfig;
      }
      ''
        ssh-keygen -q -t ed25519 -N "" -f key
        sed '/^HostKey /d' $serverConfig > config
        # -G reads the file without looking for the account of sshd.
        /usr/sbin/sshd -G -h key -f config > /dev/null
        cp $serverConfig $out
      '';
in
{
  options = {
    services.openssh = {
      enable = mkOption {
        type = types.bool;
        default = false;
        description = "Whether people can log in over the network with SSH.";
      };

      package = mkOption {
        type = types.package;
        default = pkgs.openssh-server;
        defaultText = lib.literalExpression "pkgs.openssh-server";
        description = "The server.";
      };

      ports = mkOption {
        type = types.listOf types.port;
        default = [ 22 ];
        description = "The ports to listen on.";
      };

      openFirewall = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the ports are open in the firewall.";
      };

      startWhenNeeded = mkOption {
        type = types.bool;
        default = false;
        description = "Whether systemd listens, and starts a server for each connection.";
      };

      listenAddresses = mkOption {
        type = types.listOf listenAddress;
        default = [ ];
        example = [ { addr = "192.0.2.1"; } ];
        description = "Addresses to listen on. Empty means all.";
      };

      hostKeys = mkOption {
        type = types.listOf hostKey;
        default = [
          {
            type = "ed25519";
            path = "/etc/ssh/ssh_host_ed25519_key";
          }
        ];
        description = ''
          The keys by which the machine is known. Those that are missing are made before the first start. Every client of
          the last ten years knows ed25519; an RSA key costs a slow machine half a minute of its first boot.
        '';
      };

      authorizedKeysFiles = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Files where public keys of an account are looked for.";
      };

      authorizedKeysInHomedir = mkOption {
        type = types.bool;
        default = true;
        description = "Whether keys in the user's own `~/.ssh/authorized_keys` count.";
      };

      allowSFTP = mkOption {
        type = types.bool;
        default = true;
        description = "Whether files can be copied with SFTP.";
      };

      sftpServerExecutable = mkOption {
        type = types.str;
        default = "internal-sftp";
        description = "The program that serves SFTP.";
      };

      sftpFlags = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Arguments of the SFTP server.";
      };

      settings = mkOption {
        default = { };
        example = {
          PasswordAuthentication = false;
        };
        description = "Settings of {manpage}`sshd_config(5)`, by its own names.";
        type = types.submodule {
          freeformType = types.attrsOf setting;
          options = {
            PermitRootLogin = mkOption {
              type = types.nullOr (
                types.enum [
                  "yes"
                  "without-password"
                  "prohibit-password"
                  "forced-commands-only"
                  "no"
                ]
              );
              default = "prohibit-password";
              description = "Whether root can log in.";
            };
            PasswordAuthentication = yesOr true "Whether a password is enough.";
            KbdInteractiveAuthentication = yesOr true "Whether PAM may ask questions.";
            X11Forwarding = yesOr false "Whether windows can be shown over the connection.";
            UseDns = yesOr false "Whether the name of the other side is looked up.";
            GatewayPorts = mkOption {
              type = types.nullOr types.str;
              default = "no";
              description = "Whether others can use forwarded ports.";
            };
            LogLevel = mkOption {
              type = types.nullOr types.str;
              default = "INFO";
              description = "How much is logged.";
            };
          };
        };
      };

      extraConfig = mkOption {
        type = types.lines;
        default = "";
        description = "More lines of {manpage}`sshd_config(5)`, after all others, where `Match` blocks belong.";
      };

      validateConfig = mkOption {
        type = types.bool;
        default = true;
        description = "Whether `sshd -G` reads the file when the system is built.";
      };
    };

    users.users = mkOption { type = types.attrsOf (types.submodule authorizedKeys); };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.hostKeys != [ ];
        message = "services.openssh.hostKeys is empty: a server needs a key to be known by.";
      }
    ];

    services.openssh = {
      authorizedKeysFiles =
        lib.optional cfg.authorizedKeysInHomedir "%h/.ssh/authorized_keys"
        ++ [ "/etc/ssh/authorized_keys.d/%u" ];
      settings.UsePAM = lib.mkDefault true;
    };

    networking.firewall.allowedTCPPorts = lib.optionals cfg.openFirewall (
      cfg.ports ++ lib.filter (port: port != null) (map (value: value.port) cfg.listenAddresses)
    );

    environment.systemPackages = [
      cfg.package
      pkgs.openssh-client
      pkgs.openssh-sftp-server
    ];

    users.groups.sshd = { };
    users.users.sshd = {
      isSystemUser = true;
      group = "sshd";
      description = "Secure shell server, before login";
      home = "/run/sshd";
    };

    environment.etc = {
      "ssh/sshd_config".source = if cfg.validateConfig then checkedConfig else serverConfig;
    }
    // lib.mapAttrs' (
      name: user:
      lib.nameValuePair "ssh/authorized_keys.d/${user.name}" {
        # A copy: sshd refuses keys that others could write to, and links into the store look like that to it.
        mode = "0444";
        source = pkgs.writeText "${name}-authorized_keys" (keysOf user);
      }
    ) (lib.filterAttrs (_: user: keysOf user != "") config.users.users);

    systemd.services = {
      sshd-keygen = {
        description = "Keys of the secure shell server";
        wantedBy = [ "multi-user.target" ];
        before = [ "sshd.service" ];
        usr = "system";
        overrideStrategy = "asFile";
        unitConfig.ConditionPathExists = map (key: "|!${key.path}") cfg.hostKeys;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        script = lib.concatMapStrings (key: ''
          if ! [ -s ${lib.escapeShellArg key.path} ]; then
            mkdir -p -m 0755 ${lib.escapeShellArg (dirOf key.path)}
            rm -f ${lib.escapeShellArg key.path}
            ${makeKey key}
          fi
        '') cfg.hostKeys;
      };

      sshd = lib.mkIf (!cfg.startWhenNeeded) {
        description = "Secure shell server";
        wantedBy = [ "multi-user.target" ];
        wants = [ "sshd-keygen.service" ];
        after = [
          "network.target"
          "sshd-keygen.service"
        ];
        aliases = [ "ssh.service" ];
        # Sessions of people are its children: they see the system's /usr, and live on through a restart.
        usr = "system";
        stopIfChanged = false;
        restartTriggers = [ config.environment.etc."ssh/sshd_config".source ];
        serviceConfig = {
          Type = "notify";
          ExecStart = "${cfg.package}/bin/sshd -D -f /etc/ssh/sshd_config";
          ExecReload = "/bin/kill -HUP $MAINPID";
          KillMode = "process";
          Restart = "always";
          RestartSec = 2;
          RuntimeDirectory = "sshd";
          RuntimeDirectoryMode = "0755";
        };
      };

      "sshd@" = lib.mkIf cfg.startWhenNeeded {
        description = "Secure shell server, one connection";
        after = [ "sshd-keygen.service" ];
        wants = [ "sshd-keygen.service" ];
        usr = "system";
        serviceConfig = {
          ExecStart = "-${cfg.package}/bin/sshd -i -f /etc/ssh/sshd_config";
          StandardInput = "socket";
          RuntimeDirectory = "sshd";
          RuntimeDirectoryMode = "0755";
          RuntimeDirectoryPreserve = true;
        };
      };

      # The package's own way of listening would take the port.
      ssh = lib.mkIf cfg.startWhenNeeded { enable = false; };
    };

    systemd.sockets.sshd = lib.mkIf cfg.startWhenNeeded {
      description = "Secure shell";
      wantedBy = [ "sockets.target" ];
      listenStreams = map toString cfg.ports;
      socketConfig.Accept = true;
    };
  };
}
