# Every kind of unit, and the ways to say what a service does.
# show: config.systemd.units."job.service".unit
# value: config.systemd.units."job.service".usr
# show: config.systemd.units."job.timer".unit
# show: config.systemd.units."listener.socket".unit
# show: config.systemd.units."srv-my\\x20data.mount".unit
# show: config.systemd.units."inbox.path".unit
# show: config.systemd.units."batch.slice".unit
# show: config.systemd.units."all.target".unit
# show: config.systemd.units."getty@.service".unit
# value: config.systemd.units."getty@.service".overrideStrategy
# value: config.systemd.units."packaged.service".overrideStrategy
# value: config.systemd.units."session.service".usr
# show: config.systemd.user.units."greeter.service".unit
# value: config.systemd.units."gone.service".enable
{ pkgs, ... }:

{
  services.getty.autologinUser = "alice";
  systemd = {
    services = {
      job = {
        description = "A job";
        documentation = [ "man:job(1)" ];
        after = [
          "a.service"
          "b.service"
        ];
        requires = [ "a.service" ];
        onFailure = [ "alarm.service" ];
        unitConfig.ConditionPathExists = [
          "/a"
          "/b"
        ];
        startAt = [
          "daily"
          "Mon 12:00"
        ];
        environment = {
          GREETING = "say \"hi\" to 100%";
          COUNT = 3;
          NOTHING = null;
        };
        path = [ pkgs.git ];
        script = "git --version";
        preStart = "true";
        postStop = "true";
        restartIfChanged = false;
        restartTriggers = [ "x" ];
        startLimitBurst = 3;
        serviceConfig = {
          Type = "oneshot";
          DynamicUser = true;
          MemoryMax = "1G";
          BindReadOnlyPaths = [ "/srv" ];
        };
      };
      packaged.serviceConfig.ExecStart = [
        ""
        "/usr/bin/true"
      ];
      session.serviceConfig = {
        ExecStart = "/usr/bin/true";
        PAMName = "login";
      };
      gone.enable = false;
    };
    sockets.listener = {
      wantedBy = [ "sockets.target" ];
      listenStreams = [
        "/run/a"
        "127.0.0.1:9"
      ];
      socketConfig.Accept = false;
    };
    mounts = [
      {
        what = "/dev/sdd1";
        where = "/srv/my data";
        type = "ext4";
        options = "noatime";
      }
    ];
    paths.inbox.pathConfig.DirectoryNotEmpty = "/srv/inbox";
    slices.batch.sliceConfig.CPUWeight = 20;
    targets.all.wants = [ "job.service" ];
    user.services.greeter = {
      wantedBy = [ "default.target" ];
      serviceConfig.ExecStart = "/usr/bin/echo hi";
    };
  };
}
