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
    clang = "clang";
    coreutils = "ls";
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
    passwd = "passwd";
    pipewire = "pipewire";
    postgresql-client = "psql";
    prometheus-node-exporter = "prometheus-node-exporter";
    procps = "ps";
    python3-pip = "pip";
    qemu-system-x86 = "qemu-system-x86_64";
    redis-server = "redis-server";
    ripgrep = "rg";
    rustc = "rustc";
    silversearcher-ag = "ag";
    sqlite3 = "sqlite3";
    systemd = "systemctl";
    udev = "udevadm";
    util-linux = "lsblk";
    vim-nox = "vim";
    wireguard-tools = "wg";
    xz-utils = "xz";
    yt-dlp = "yt-dlp";
  };

  # package -> { name that people use = program that the package has; }
  aliases = {
    bat = {
      bat = "batcat";
    };
    fd-find = {
      fd = "fdfind";
    };
    mawk = {
      awk = "mawk";
    };
    gawk = {
      awk = "gawk";
    };
    netcat-openbsd = {
      nc = "nc.openbsd";
      netcat = "nc.openbsd";
    };
    netcat-traditional = {
      nc = "nc.traditional";
      netcat = "nc.traditional";
    };
    nodejs = {
      node = "nodejs";
    };
    python3 = {
      python = "python3";
    };
    python3-pyramid = {
      pserve = "pserve3";
      pshell = "pshell3";
      pviews = "pviews3";
      proutes = "proutes3";
      ptweens = "ptweens3";
      prequest = "prequest3";
      pdistreport = "pdistreport3";
    };
    rename = {
      rename = "file-rename";
    };
    traceroute = {
      traceroute = "traceroute.db";
    };
    vim = {
      vi = "vim.basic";
      vim = "vim.basic";
    };
    vim-tiny = {
      vi = "vim.tiny";
    };
    vim-nox = {
      vi = "vim.nox";
      vim = "vim.nox";
    };
  };
}
