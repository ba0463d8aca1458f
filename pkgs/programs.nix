# What the index does not say of packages: their main program, and other names under which people call programs.
{
  # package -> program, where it is not the package's own name
  main = {
    "7zip" = "7z";
    ansible-core = "ansible";
    bind9-dnsutils = "dig";
    bind9-host = "host";
    binutils = "ld";
    bsdextrautils = "column";
    coreutils = "ls";
    default-jdk = "java";
    default-jdk-headless = "java";
    default-jre = "java";
    default-jre-headless = "java";
    "docker.io" = "docker";
    dovecot-core = "dovecot";
    fd-find = "fd";
    findutils = "find";
    fontconfig = "fc-cache";
    git-delta = "delta";
    gnupg = "gpg";
    golang-go = "go";
    imagemagick = "convert";
    inetutils-telnet = "telnet";
    iproute2 = "ip";
    iputils-ping = "ping";
    isc-dhcp-client = "dhclient";
    kmod = "modprobe";
    libnotify-bin = "notify-send";
    linux-perf = "perf";
    mariadb-client = "mariadb";
    mariadb-server = "mariadbd";
    ncurses-bin = "tput";
    neovim = "nvim";
    netcat-openbsd = "nc";
    nftables = "nft";
    nix-bin = "nix";
    nodejs = "node";
    openssh-client = "ssh";
    openssh-server = "sshd";
    php-cli = "php";
    postgresql-client = "psql";
    procps = "ps";
    python3-pip = "pip";
    qemu-system-x86 = "qemu-system-x86_64";
    ripgrep = "rg";
    silversearcher-ag = "ag";
    systemd = "systemctl";
    udev = "udevadm";
    util-linux = "lsblk";
    vim-nox = "vim";
    wireguard-tools = "wg";
    xz-utils = "xz";
  };

  # package -> { name that people use = program that the package has, or brings into /usr as an alternative; }
  aliases =
    let
      same = names: builtins.listToAttrs (map (name: { inherit name; value = name; }) names);
      java = same [ "java" "keytool" "rmiregistry" ];
      javaDevelopment = java // same [ "javac" "jar" "javadoc" "javap" "jshell" "jlink" "jdeps" ];
      php = same [ "php" "phar" ];
      system = names: builtins.listToAttrs (map (name: { inherit name; value = "/usr/sbin/${name}"; }) names);
    in
    {
      automake = same [ "automake" "aclocal" ];
      bat.bat = "batcat";
      bison.yacc = "bison.yacc";
      bsd-mailx = {
        mail = "bsd-mailx";
        mailx = "bsd-mailx";
      };
      default-jdk = javaDevelopment;
      default-jdk-headless = javaDevelopment;
      default-jre = java;
      default-jre-headless = java;
      emacs = same [ "emacs" "emacsclient" ];
      emacs-gtk = same [ "emacs" "emacsclient" ];
      emacs-nox = same [ "emacs" "emacsclient" ];
      fakeroot = same [ "fakeroot" ];
      fd-find.fd = "fdfind";
      gawk.awk = "gawk";
      gcc.cc = "gcc";
      "g++"."c++" = "g++";
      inetutils-telnet.telnet = "inetutils-telnet";
      iptables = system [
        "iptables"
        "iptables-save"
        "iptables-restore"
        "ip6tables"
        "ip6tables-save"
        "ip6tables-restore"
      ];
      "lua5.4".lua = "lua5.4";
      mailutils.mail = "mail.mailutils";
      mawk.awk = "mawk";
      netcat-openbsd = {
        nc = "nc.openbsd";
        netcat = "nc.openbsd";
      };
      netcat-traditional = {
        nc = "nc.traditional";
        netcat = "nc.traditional";
      };
      nodejs.node = "nodejs";
      openjdk-21-jdk-headless = javaDevelopment;
      openjdk-21-jre-headless = java;
      openjdk-25-jdk-headless = javaDevelopment;
      openjdk-25-jre-headless = java;
      php-cli = php;
      "php8.4-cli" = php;
      pinentry-curses.pinentry = "pinentry-curses";
      procps.w = "w.procps";
      python3.python = "python3";
      python3-pyramid = {
        pserve = "pserve3";
        pshell = "pshell3";
        pviews = "pviews3";
        proutes = "proutes3";
        ptweens = "ptweens3";
        prequest = "prequest3";
        pdistreport = "pdistreport3";
      };
      rename.rename = "file-rename";
      traceroute.traceroute = "traceroute.db";
      universal-ctags.ctags = "ctags-universal";
      vim = {
        vi = "vim.basic";
        vim = "vim.basic";
      };
      vim-nox = {
        vi = "vim.nox";
        vim = "vim.nox";
      };
      vim-tiny.vi = "vim.tiny";
    };
}
