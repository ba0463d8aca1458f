"""The program that enters a sandbox: reads a description, makes the namespaces and mounts, runs the command.

It runs as `python -I -S launcher.py FD STATUS_FD` (a marshalled description on the descriptor FD, what goes wrong
before the command runs is written to STATUS_FD), for people as `launcher.py JSON`, and for builds, of which there are
many, as `launcher.py --serve SOCKET_FD`: a process that forks for each. It imports nothing of osconf and as little
as it can.

Three processes: the first waits in the caller's process namespace, the second is process 1 inside and reaps, the third
becomes the command. Killing the first kills everything.

Who the command is outside: the caller, or, when the caller is root and the description names a user, that user. In the
first case the mounts belong to a user namespace of ours, in the second to root's; in both a command that is root inside
gets a namespace of its own over them, where it can add mounts but not take these away. /proc/sys and its like are
read-only, because the kernel lets whoever is root outside write them without any capability.
"""

# pathlib takes longer to import than everything else here.
# ruff: noqa: PTH102, PTH103, PTH110, PTH115, PTH120, PTH123, PTH211

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal itself imports enum, which takes longer than we do
import ctypes
import os
import stat
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
SIGKILL = 9
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
MSG_CMSG_CLOEXEC = 0x40000000
BASE = "/tmp"
HOST = "/.host"
ROOT = "/.root"
PROTECTED = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "kcore", "kmsg")
NODES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = (
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
)

libc = ctypes.CDLL(None, use_errno=True)


# Of the calls of each kind of processor: (number, its first argument or None for any, the error it gets).
AF_UNIX, EAFNOSUPPORT, ENOSYS = 1, 97, 38
IO_URING_SETUP = (425, None, ENOSYS)
DENIED_CALLS = {
    0xC000003E: ((41, AF_UNIX, EAFNOSUPPORT), IO_URING_SETUP),
    0xC00000B7: ((198, AF_UNIX, EAFNOSUPPORT), IO_URING_SETUP),
    # 32 bits: where one call stands for all of sockets, its arguments cannot be looked at.
    0x40000003: ((359, AF_UNIX, EAFNOSUPPORT), (102, 1, ENOSYS), IO_URING_SETUP),
    0x40000028: ((281, AF_UNIX, EAFNOSUPPORT), IO_URING_SETUP),
}
X86_64, X32_CALLS = 0xC000003E, 0x40000000


class SetupFailed(Exception):
    """A step before the command failed."""


def check(result: int, what: str) -> int:
    """Raise `SetupFailed` when a system call failed."""
    if result < 0:
        raise SetupFailed(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2)."""
    result = libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        os.fsencode(options) if options else None,
    )
    check(result, f"mount {source} on {target}" + (f" ({kind})" if kind else ""))


def pivot(new: str, old: str) -> None:
    """pivot_root(2)."""
    number = SYS_PIVOT_ROOT[os.uname().machine]
    check(libc.syscall(ctypes.c_long(number), os.fsencode(new), os.fsencode(old)), f"pivot_root to {new}")


def make_read_only(target: str) -> None:
    """Make a mount and all below it read-only, whatever other flags are locked on them."""
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0)
    result = libc.syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR),
        AT_FDCWD,
        os.fsencode(target),
        AT_RECURSIVE,
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    check(result, f"make {target} read-only")


def write(path: str, text: str) -> None:
    """Write a file of /proc in one write."""
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def enter_namespaces(spec: dict) -> None:  # type: ignore[type-arg]
    """Make the namespaces of mounts and processes; processes started from here are inside."""
    flags = CLONE_NEWNS | (CLONE_NEWPID if spec["private_pids"] else 0)
    if spec["outside"]:
        check(libc.unshare(flags), "make namespaces")
        return
    uid, gid = os.geteuid(), os.getegid()
    check(libc.unshare(flags | CLONE_NEWUSER), "make namespaces")
    map_user(spec["uid"], uid, spec["gid"], gid)


def map_user(uid: int, uid_outside: int, gid: int, gid_outside: int) -> None:
    """Give the new user namespace its one user and its one group."""
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{uid} {uid_outside} 1")
    write("/proc/self/gid_map", f"{gid} {gid_outside} 1")


def drop_privileges(spec: dict) -> None:  # type: ignore[type-arg]
    """Become the described user for good, in namespaces of his own; see the module's text.

    Network, host name and the rest belong to the user namespace in which the command runs: who is root there may bind
    port 80.
    """
    uid, gid = spec["uid"], spec["gid"]
    own = CLONE_NEWUTS | CLONE_NEWIPC | (0 if spec["network"] else CLONE_NEWNET)
    if uid == 0:
        own |= CLONE_NEWNS
    if spec["outside"]:
        uid_outside, gid_outside, groups = spec["outside"]
        os.setgroups(groups)
        os.setresgid(gid_outside, gid_outside, gid_outside)
        os.setresuid(uid_outside, uid_outside, uid_outside)
        # Changing the user made our files in /proc root's; this gives them back.
        prctl(PR_SET_DUMPABLE, 1)
        check(libc.unshare(own | CLONE_NEWUSER), "make namespaces")
        map_user(uid, uid_outside, gid, gid_outside)
    elif uid == 0:
        check(libc.unshare(own | CLONE_NEWUSER), "make namespaces")
        map_user(0, 0, gid, gid)
    else:
        check(libc.unshare(own), "make namespaces")
    if not spec["network"]:
        raise_loopback()
    hostname = spec["hostname"].encode()
    libc.sethostname(hostname, len(hostname))


def prctl(option: int, value: int) -> None:
    """prctl(2) of one argument."""
    zero = ctypes.c_ulong(0)
    check(libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero), "prctl")


def inside(path: str) -> str:
    """Where a path of the sandbox is while its root is being made; one that climbs would be the machine's."""
    if ".." in path.split("/"):
        raise SetupFailed(f"make {path}: it leads out of the sandbox")
    return ROOT + path.rstrip("/")


def make_mount_point(target: str, is_directory: bool) -> None:
    """Make the directory or empty file that a mount covers."""
    if is_directory:
        os.makedirs(target, exist_ok=True)
    elif not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o644))


def bind(source: str, target: str, read_only: bool) -> None:
    """Show a path of the host, which was resolved beforehand; a link is made again."""
    source = HOST + source
    mode = os.lstat(source).st_mode
    if stat.S_ISLNK(mode):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(os.readlink(source), target)
        return
    make_mount_point(target, stat.S_ISDIR(mode))
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        make_read_only(target)


def escape(path: str) -> str:
    """A path among the options of an overlay."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def mount_overlay(lower: list[str], target: str, upper: str, work: str) -> None:
    """Lay directories of the host over each other."""
    os.makedirs(target, exist_ok=True)
    options = "userxattr,lowerdir=" + ":".join(escape(HOST + path) for path in lower)
    if upper:
        options += f",upperdir={escape(HOST + upper)},workdir={escape(HOST + work)}"
    mount("overlay", target, "overlay", 0, options)


def make_devices(devices: list[str]) -> None:
    """A private /dev with the harmless nodes."""
    dev = inside("/dev")
    os.makedirs(dev, exist_ok=True)
    mount("tmpfs", dev, "tmpfs", MS_NOSUID, "mode=0755")
    for name in (*NODES, *devices):
        source = f"{HOST}/dev/{name}"
        if os.path.exists(source):
            make_mount_point(f"{dev}/{name}", False)
            mount(source, f"{dev}/{name}", None, MS_BIND)
    for name in ("pts", "shm"):
        os.mkdir(f"{dev}/{name}")
    mount("devpts", f"{dev}/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    mount("tmpfs", f"{dev}/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    for target, name in LINKS:
        os.symlink(target, f"{dev}/{name}")


def make_proc(private_pids: bool) -> None:
    """/proc of the new process namespace; where the kernel refuses that, the host's."""
    proc = inside("/proc")
    os.makedirs(proc, exist_ok=True)
    if private_pids:
        try:
            mount("proc", proc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        except SetupFailed:
            mount(f"{HOST}/proc", proc, None, MS_BIND | MS_REC)
    else:
        mount(f"{HOST}/proc", proc, None, MS_BIND | MS_REC)
    for name in PROTECTED:
        place = f"{proc}/{name}"
        if os.path.lexists(place):
            mount(place, place, None, MS_BIND | MS_REC)
            make_read_only(place)


def make_root(spec: dict) -> None:  # type: ignore[type-arg]
    """Build the new root beside the host's and move into it."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    os.mkdir(BASE + HOST)
    os.mkdir(BASE + ROOT)
    pivot(BASE, BASE + HOST)
    os.chdir("/")
    steps = spec["mounts"]
    if steps and steps[0][0] == "bind" and steps[0][2] == "/":
        _, source, _, read_only = steps.pop(0)
        mount(HOST + source, ROOT, None, MS_BIND | MS_REC)
        if read_only:
            make_read_only(ROOT)
    else:
        mount(ROOT, ROOT, None, MS_BIND)
    make_devices(spec["devices"])
    make_proc(spec["private_pids"])
    for path in spec["directories"]:
        os.makedirs(inside(path), exist_ok=True)
    for kind, *arguments in steps:
        make_mount(kind, arguments)
    for target, link in spec["symlinks"]:
        place = inside(link)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if not os.path.lexists(place):
            os.symlink(target, place)
    for path, content in spec["files"]:
        place = inside(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(content)
    if spec["outside"]:
        give_away(ROOT, spec["outside"][0], spec["outside"][1])
    os.chdir(ROOT)
    pivot(".", ".")
    check(libc.umount2(b".", MNT_DETACH), "detach the host's root")


def give_away(top: str, uid: int, gid: int) -> None:
    """Let the user own the directories and files that were made for the empty root, and no others."""
    device = os.lstat("/").st_dev
    pending = [top]
    while pending:
        path = pending.pop()
        status = os.lstat(path)
        if status.st_dev != device:
            continue
        os.chown(path, uid, gid, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            pending.extend(f"{path}/{name}" for name in os.listdir(path))  # noqa: PTH208


def make_mount(kind: str, arguments: list) -> None:  # type: ignore[type-arg]
    """One step of the description."""
    if kind == "bind":
        source, target, read_only = arguments
        bind(source, inside(target), read_only)
    elif kind == "overlay":
        lower, target, upper, work = arguments
        mount_overlay(lower, inside(target), upper, work)
    else:
        (target,) = arguments
        os.makedirs(inside(target), exist_ok=True)
        mount("tmpfs", inside(target), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")


def raise_loopback() -> None:
    """Give the new network namespace its loopback."""
    descriptor = libc.socket(2, 2 | 0o2000000, 0)
    request = ctypes.create_string_buffer(b"lo".ljust(16, b"\0") + IFF_UP.to_bytes(2, "little"), 40)
    libc.ioctl(descriptor, ctypes.c_ulong(SIOCSIFFLAGS), request)
    os.close(descriptor)


def filter_calls() -> bytes:
    """A program of the kernel's filter language (see seccomp(2)) that refuses `DENIED_CALLS`."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return code.to_bytes(2, "little") + bytes([if_true, if_false]) + value.to_bytes(4, "little")

    program = step(load, 4)
    for kind, calls in DENIED_CALLS.items():
        block = step(load, 0)
        if kind == X86_64:
            block += step(at_least, X32_CALLS, 0, 1) + step(give, refuse | ENOSYS)
        for number, argument, error in calls:
            if argument is None:
                block += step(equal, number, 0, 1) + step(give, refuse | error)
            else:
                block += step(equal, number, 0, 4) + step(load, 16) + step(equal, argument, 0, 1)
                block += step(give, refuse | error) + step(give, allow)
        block += step(give, allow)
        program += step(equal, kind, 0, len(block) // 8) + block
    return program + step(give, allow)


def deny_unix_sockets() -> None:
    """Let the command open no Unix socket, over which it could hand open files to others of its network."""
    program = filter_calls()
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(ctypes.sizeof(ctypes.c_void_p) * 2)
    ctypes.c_ushort.from_buffer(header).value = len(program) // 8
    ctypes.c_void_p.from_buffer(header, ctypes.sizeof(ctypes.c_void_p)).value = ctypes.addressof(code)
    result = libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), header)
    check(result, "filter the system calls")


def run_command(spec: dict, status: int) -> None:  # type: ignore[type-arg]
    """Become the command."""
    if not spec["terminal"]:
        os.setsid()
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
    os.umask(0o022)
    try:
        os.chdir(spec["cwd"])
    except OSError as error:
        raise SetupFailed(f"enter {spec['cwd']}: {error.strerror}") from error
    drop_privileges(spec)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if not spec["unix_sockets"]:
        deny_unix_sockets()
    os.set_inheritable(status, False)
    argv = [os.fsencode(argument) for argument in spec["argv"]]
    env = {os.fsencode(key): os.fsencode(value) for key, value in spec["env"].items()}
    hear_signals(spec["terminal"])
    try:
        execute(argv, env)
    except OSError as error:
        raise SetupFailed(f"run {spec['argv'][0]}: {error.strerror}") from error


def hear_signals(terminal: bool) -> None:
    """Give signals their meaning back: those that Python ignores, and for builds those that our caller did."""
    ignored = ("SIGPIPE", "SIGXFSZ")
    for name in ignored if terminal else (*ignored, "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGCHLD"):
        _signal.signal(getattr(_signal, name), _signal.SIG_DFL)


def execute(argv: list[bytes], env: dict[bytes, bytes]) -> None:
    """Become the program, looked up in PATH; os.execvpe would import a module, which may not exist in here."""
    if b"/" in argv[0]:
        os.execve(argv[0], argv, env)
    for directory in env.get(b"PATH", b"").split(b":"):
        try:
            os.execve(directory + b"/" + argv[0], argv, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
    raise FileNotFoundError(2, "there is no such program in PATH")


def report(status: int, action: object, *arguments: object) -> None:
    """Do something; when it fails say so on the status descriptor and exit."""
    try:
        action(*arguments)  # type: ignore[operator]
    except SetupFailed as error:
        os.write(status, str(error).encode("utf-8", "replace"))
        os._exit(127)
    except OSError as error:
        os.write(status, f"{error.filename or 'system call'}: {error.strerror}".encode("utf-8", "replace"))
        os._exit(127)


def wait_for(child: int) -> int:
    """Reap everything until `child` is gone; its exit code."""
    while True:
        try:
            pid, result = os.wait()
        except InterruptedError:
            continue
        if pid == child:
            code = os.waitstatus_to_exitcode(result)
            return code if code >= 0 else 128 - code


def die_with_parent() -> None:
    """Be killed when the process that started us is gone."""
    prctl(PR_SET_PDEATHSIG, SIGKILL)


def launch(spec: dict, status: int) -> int:  # type: ignore[type-arg]
    """Run the description; the exit code of its command."""
    die_with_parent()
    if not spec["terminal"]:
        # An interrupt from the terminal ends us, and with us the sandbox, without a word.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    report(status, enter_namespaces, spec)
    first = os.fork()
    if first:
        os.close(status)
        return wait_for(first)
    die_with_parent()
    report(status, make_root, spec)
    second = os.fork()
    if second == 0:
        report(status, run_command, spec, status)
    os.close(status)
    os._exit(wait_for(second))


def serve(descriptor: int) -> int:
    """Fork for each message on a socket until it closes.

    A message carries four descriptors: the description, where to say what went wrong, where output goes, and where the
    exit code is written in four bytes. The answer carries one that stands for the process (pidfd).
    """
    import _socket
    import array

    # An interrupt of the terminal is for the sandboxes: they take it back.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    os.set_inheritable(descriptor, False)
    os.chdir("/")
    requests = _socket.socket(fileno=descriptor)
    server = os.getpid()
    space = _socket.CMSG_SPACE(4 * 4)
    while True:
        try:
            message, ancillary, _, _ = requests.recvmsg(16, space, MSG_CMSG_CLOEXEC)
        except ConnectionError:
            return 0
        if not message:
            return 0
        received = array.array("i")
        for _, _, data in ancillary:
            received.frombytes(data)
        try:
            child = os.fork()
            if child == 0:
                os.close(descriptor)
                serve_one(server, *received)
            received.append(os.pidfd_open(child))
            answer, rights = b"started", [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, received[-1:])]
        except OSError as error:
            answer, rights = f"start a process: {error.strerror}".encode(), []
        try:
            requests.sendmsg([answer], rights)
        except ConnectionError:
            return 0
        for number in received:
            os.close(number)
        reap_finished()


def serve_one(server: int, description: int, status: int, output: int, result: int) -> None:
    """Run one sandbox in a child of the server, unless that is gone already."""
    die_with_parent()
    if os.getppid() != server:
        os._exit(0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    code = 127
    try:
        code = launch(read_description(description), status)
    except Exception as error:
        os.write(status, f"launcher: {error}".encode("utf-8", "replace"))
    os.write(result, code.to_bytes(4, "little"))
    os._exit(0)


def reap_finished() -> None:
    """Forget children that are done; who waits for them knows by their descriptors."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def read_description(descriptor: int) -> dict:  # type: ignore[type-arg]
    """The marshalled description on a descriptor."""
    import marshal

    with open(descriptor, "rb") as file:
        spec: dict = marshal.load(file)  # type: ignore[type-arg]
    return spec


def main() -> int:
    """Read the description named by the arguments."""
    if len(sys.argv) == 3:
        if sys.argv[1] == "--serve":
            return serve(int(sys.argv[2]))
        return launch(read_description(int(sys.argv[1])), int(sys.argv[2]))
    import json  # costs more than the rest of the start

    return launch(json.loads(sys.argv[1]), os.dup(2))


if __name__ == "__main__":
    sys.exit(main())
