# Logins on consoles.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.services.getty;

  arguments =
    lib.optionals (cfg.autologinUser != null) [
      "--autologin"
      cfg.autologinUser
    ]
    ++ cfg.extraArgs;

  # agetty's own arguments are those of systemd's units; ours go in front of them.
  start = rest: [
    ""
    (lib.concatStringsSep " " ([ "-/sbin/agetty" ] ++ arguments ++ rest))
  ];
in
{
  options.services.getty = {
    autologinUser = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "alice";
      description = "Who is logged in on every console without being asked.";
    };

    greetingLine = mkOption {
      type = types.str;
      default = ''osconf ${config.system.label} \n \l'';
      defaultText = lib.literalMD "the name and label of the system";
      description = "What stands above the question for the name.";
    };

    helpLine = mkOption {
      type = types.lines;
      default = "";
      description = "What stands below the greeting.";
    };

    extraArgs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--nohostname" ];
      description = "More arguments of {manpage}`agetty(8)`.";
    };
  };

  config = {
    environment.etc.issue.text = "${cfg.greetingLine}\n\n" + lib.optionalString (cfg.helpLine != "") "${cfg.helpLine}\n\n";

    systemd.services = lib.mkIf (arguments != [ ]) {
      "getty@".serviceConfig.ExecStart = start [
        "--noreset"
        "--noclear"
        "--issue-file=/etc/issue:/etc/issue.d:/run/issue.d:/usr/lib/issue.d"
        "-"
        "\${TERM}"
      ];
      "serial-getty@".serviceConfig.ExecStart = start [
        "--noreset"
        "--noclear"
        "--keep-baud"
        "--issue-file=/etc/issue:/etc/issue.d:/run/issue.d:/usr/lib/issue.d"
        "115200,57600,38400,9600"
        "-"
        "\${TERM}"
      ];
    };
  };
}
