"""System calls that a reader of files has no use for, by their numbers.

Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux; -1
where an architecture has no such call.
"""

from __future__ import annotations

import errno
import platform

X86_64, AARCH64 = "x86_64", "aarch64"
AUDIT = {X86_64: 0xC000003E, AARCH64: 0xC00000B7}
"""How the kernel calls an architecture. Source: include/uapi/linux/audit.h."""
LAST_KNOWN = 450
"""What came after this, nothing that is read here needs: it is said not to be there."""

_NETWORK = """
socket 41 198, socketpair 53 199, bind 49 200, listen 50 201, accept 43 202, accept4 288 242,
connect 42 203, sendto 44 206, recvfrom 45 207, sendmsg 46 211, recvmsg 47 212, sendmmsg 307 269,
recvmmsg 299 243, io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427
"""
_OTHER_PROCESSES = """
ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, process_madvise 440 440,
process_mrelease 448 448, kcmp 312 272, pidfd_open 434 434, pidfd_getfd 438 438, setpgid 109 154,
setsid 112 157, setpriority 141 140, ioprio_set 251 30, sched_setaffinity 203 122,
sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274, migrate_pages 256 238,
move_pages 279 239, shmget 29 194, shmat 30 196, shmctl 31 195, msgget 68 186, semget 64 190,
mq_open 240 180, mq_unlink 241 181
"""
_SIGNALS = """
kill 62 129, tkill 200 130, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240,
pidfd_send_signal 424 424
"""
_NOT_LANDLOCK_S = """
truncate 76 45, chmod 90 -1, fchmod 91 52, fchmodat 268 53, chown 92 -1, fchown 93 55,
lchown 94 -1, fchownat 260 54, utime 132 -1, utimes 235 -1, futimesat 261 -1, utimensat 280 88,
setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15,
fremovexattr 199 16, inotify_init 253 -1, inotify_init1 294 26, fanotify_init 300 262
"""
_MACHINE = """
unshare 272 97, setns 308 268, mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51,
open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432,
fspick 433 433, mount_setattr 442 442, name_to_handle_at 303 264, open_by_handle_at 304 265,
bpf 321 280, perf_event_open 298 241, userfaultfd 323 282, keyctl 250 219, add_key 248 217,
request_key 249 218, quotactl 179 60, quotactl_fd 443 443, swapon 167 224, swapoff 168 225,
reboot 169 142, kexec_load 246 104, kexec_file_load 320 294, init_module 175 105,
finit_module 313 273, delete_module 176 106, acct 163 89, settimeofday 164 170,
clock_settime 227 112, clock_adjtime 305 266, adjtimex 159 171, sethostname 170 161,
setdomainname 171 162, syslog 103 116, lookup_dcookie 212 18, vhangup 153 58, iopl 172 -1,
ioperm 173 -1
"""
_PROGRAMS = "fork 57 -1, vfork 58 -1, execve 59 221, execveat 322 281"
_SINGLE = "prlimit64 302 261, tgkill 234 131, clone 56 220, clone3 435 435"


def here() -> str:
    """Return the architecture of this process. Raises OSError where its calls are not known."""
    if (machine := platform.machine()) in AUDIT:
        return machine
    raise OSError(errno.ENOSYS, "the numbers of this machine's system calls are not known")


def named(name: str, machine: str) -> int:
    """Return the number of one of the calls that are looked at more closely."""
    return _numbers(_SINGLE, machine)[name]


def refused(machine: str, *, signals: bool, programs: bool) -> dict[str, int]:
    """Return the calls that are refused: all, but signals and new programs where they are free."""
    texts = [_NETWORK, _OTHER_PROCESSES, _NOT_LANDLOCK_S, _MACHINE]
    texts += [] if signals else [_SIGNALS]
    texts += [] if programs else [_PROGRAMS]
    return _numbers(",".join(texts), machine)


def _numbers(text: str, machine: str) -> dict[str, int]:
    column = 1 if machine == X86_64 else 2
    rows = [row.split() for row in text.split(",")]
    return {row[0]: int(row[column]) for row in rows if int(row[column]) >= 0}
