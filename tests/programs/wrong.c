// System calls with wrong arguments: the errors of Linux.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int failures;
static char* const nowhere = (char*)16;

static void expect(int line, long result, int error) {
  const int got = result == -1 ? errno : 0;
  if (got != error) {
    printf("line %d: error %d instead of %d\n", line, got, error);
    ++failures;
  }
}
#define FAILS(error, ...) expect(__LINE__, syscall(__VA_ARGS__), error)
#define WORKS(...) expect(__LINE__, syscall(__VA_ARGS__) == -1 ? -1 : 0, 0)

int main(void) {
  char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  int word = 5;
  struct timespec bad_time = {0, 1000000000}, soon = {0, 1000};

  FAILS(ENOSYS, 9999L);
  FAILS(ENOSYS, -1L);
  FAILS(EBADF, SYS_write, 77, "x", 1);
  FAILS(EFAULT, SYS_write, 1, nowhere, 1);
  FAILS(EBADF, SYS_read, 77, page, 1);
  FAILS(EBADF, SYS_close, 77);
  FAILS(EBADF, SYS_fstat, 77, page);
  FAILS(EFAULT, SYS_fstat, 1, nowhere);
  FAILS(ENOENT, SYS_openat, AT_FDCWD, "", 0, 0);
  FAILS(EFAULT, SYS_openat, AT_FDCWD, nowhere, 0, 0);
  FAILS(ENOENT, SYS_openat, AT_FDCWD, "/no/such/file", 0, 0);
  FAILS(EFAULT, SYS_readlinkat, AT_FDCWD, nowhere, page, 10);
  FAILS(EINVAL, SYS_readlinkat, AT_FDCWD, "/proc/self/exe", page, 0);

  FAILS(EINVAL, SYS_mmap, 0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  FAILS(EINVAL, SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1);
  FAILS(EINVAL, SYS_mmap, 0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0);
  FAILS(EBADF, SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 77, 0);
  FAILS(ENOMEM, SYS_mmap, 0, -4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  FAILS(EEXIST, SYS_mmap, page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  FAILS(EINVAL, SYS_munmap, page + 1, 4096);
  FAILS(EINVAL, SYS_munmap, page, 0);
  FAILS(EINVAL, SYS_mprotect, page + 1, 4096, PROT_READ);
  WORKS(SYS_mprotect, page, 0, 0x12345678 & ~0x3000000);
  FAILS(EINVAL, SYS_mprotect, page, 4096, PROT_GROWSDOWN | PROT_GROWSUP);
  FAILS(EINVAL, SYS_mprotect, page, 4096, 0x100);
  FAILS(ENOMEM, SYS_mprotect, page, 8192, PROT_READ | PROT_WRITE);
  FAILS(ENOMEM, SYS_mprotect, page, -4096L, PROT_READ);
  FAILS(EINVAL, SYS_madvise, page + 1, 4096, MADV_DONTNEED);
  FAILS(EINVAL, SYS_madvise, page, 4096, 77);
  FAILS(ENOMEM, SYS_madvise, page, 8192, MADV_DONTNEED);

  FAILS(EAGAIN, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 4, NULL);
  FAILS(EINVAL, SYS_futex, (char*)&word + 1, FUTEX_WAIT_PRIVATE, 5, NULL);
  FAILS(EFAULT, SYS_futex, nowhere, FUTEX_WAIT_PRIVATE, 5, NULL);
  FAILS(EINVAL, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &bad_time);
  FAILS(EFAULT, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, nowhere);
  FAILS(ENOSYS, SYS_futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, NULL);
  FAILS(EINVAL, SYS_futex, &word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0);
  FAILS(ETIMEDOUT, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &soon);
  FAILS(EAGAIN, SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 1, page, 4);
  FAILS(EINVAL, SYS_futex, &word, FUTEX_CMP_REQUEUE, -1, 1, page, 5);
  FAILS(ENOSYS, SYS_futex, &word, 99, 1);
  FAILS(EFAULT, SYS_futex, nowhere, FUTEX_WAKE, 1);
  WORKS(SYS_futex, nowhere, FUTEX_WAKE_PRIVATE, 1);
  FAILS(EFAULT, SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 1, nowhere, 5);
  FAILS(EOPNOTSUPP, SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &soon, NULL);
  FAILS(EINVAL, SYS_clock_settime, CLOCK_MONOTONIC, &soon);
  FAILS(EINVAL, SYS_mlock2, page, 4096L, 4L);
  WORKS(SYS_mlock2, page, 4096L, 1L);

  FAILS(EINVAL, SYS_rt_sigaction, 0, NULL, NULL, 8);
  FAILS(EINVAL, SYS_rt_sigaction, 65, NULL, NULL, 8);
  FAILS(EINVAL, SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16);
  FAILS(EFAULT, SYS_rt_sigaction, SIGUSR1, nowhere, NULL, 8);
  FAILS(EINVAL, SYS_rt_sigaction, SIGKILL, memset(page, 0, 64), NULL, 8);
  FAILS(EINVAL, SYS_rt_sigprocmask, 7, page, NULL, 8);
  FAILS(EINVAL, SYS_rt_sigprocmask, SIG_BLOCK, page, NULL, 4);
  FAILS(EFAULT, SYS_rt_sigprocmask, SIG_BLOCK, nowhere, NULL, 8);
  FAILS(EINVAL, SYS_kill, getpid(), 65);
  FAILS(ESRCH, SYS_kill, 54321, 0);
  FAILS(ESRCH, SYS_tgkill, getpid(), 54321, 0);
  FAILS(EINVAL, SYS_tgkill, getpid(), -1, 0);
  FAILS(EFAULT, SYS_sigaltstack, nowhere, NULL);
  stack_t small = {.ss_sp = page, .ss_size = 100}, strange = {.ss_sp = page, .ss_size = 65536, .ss_flags = 9};
  FAILS(ENOMEM, SYS_sigaltstack, &small, NULL);
  FAILS(EINVAL, SYS_sigaltstack, &strange, NULL);

  FAILS(EINVAL, SYS_clone, CLONE_THREAD, 0, 0, 0, 0);
  FAILS(EINVAL, SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0);
  FAILS(EINVAL, SYS_clone3, page, 8);
  FAILS(E2BIG, SYS_clone3, page, 5000);
  FAILS(EFAULT, SYS_clone3, nowhere, 64);
  FAILS(EINVAL, SYS_sched_getaffinity, 0, 3, page);
  FAILS(ESRCH, SYS_sched_getaffinity, 54321, 8, page);
  FAILS(EFAULT, SYS_sched_setaffinity, 0, 8, nowhere);
  FAILS(EINVAL, SYS_sched_setaffinity, 0, 8, memset(page, 0, 8));
  FAILS(EINVAL, SYS_set_robust_list, page, 5);

  FAILS(EINVAL, SYS_clock_gettime, 55, page);
  FAILS(EFAULT, SYS_clock_gettime, CLOCK_MONOTONIC, nowhere);
  FAILS(EINVAL, SYS_nanosleep, &bad_time, NULL);
  FAILS(EFAULT, SYS_nanosleep, nowhere, NULL);
  FAILS(EINVAL, SYS_prctl, 9999, 0, 0, 0, 0);
  FAILS(EINVAL, SYS_prctl, 0x6d4d444c, 1, 0, 0, 0);
  FAILS(EINVAL, SYS_prctl, 0x4d4d444c, 1, 0, 0, 0);
  WORKS(SYS_prctl, 0x4d4d444c, 0, 0, 0, 0);
  FAILS(EINVAL, SYS_prctl, PR_SET_TAGGED_ADDR_CTRL, 2, 0, 0, 0);
  FAILS(EINVAL, SYS_membarrier, MEMBARRIER_CMD_QUERY, 1, 0);
  FAILS(EINVAL, SYS_membarrier, 3, 0, 0);
  FAILS(EPERM, SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  WORKS(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  FAILS(EPERM, SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  WORKS(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  FAILS(EINVAL, SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0);
  FAILS(EPERM, SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 1, 0);
  FAILS(EINVAL, SYS_rseq, page, 32, 0, 0xd428bc00);
  FAILS(EINVAL, SYS_rseq, page, 32, 2, 0xd428bc00);
  FAILS(EINVAL, SYS_rseq, page, 32, 1, 0xd428bc00);
  FAILS(EINVAL, SYS_prlimit64, 0, 99, NULL, NULL);
  FAILS(ESRCH, SYS_prlimit64, 54321, RLIMIT_STACK, NULL, NULL);
  FAILS(EINVAL, SYS_getrandom, page, 8, 64);
  FAILS(EFAULT, SYS_getrandom, nowhere, 8, 0);
  FAILS(EFAULT, SYS_uname, nowhere);

  // Files, pipes, descriptors.
  FAILS(EFAULT, SYS_pipe2, nowhere, 0);
  FAILS(EINVAL, SYS_pipe2, page, 1);
  FAILS(EBADF, SYS_dup, 77);
  FAILS(EBADF, SYS_dup3, 77, 5, 0);
  FAILS(EBADF, SYS_dup3, 1, 1024, 0);
  FAILS(EINVAL, SYS_dup3, 1, 5, 1);
  FAILS(EINVAL, SYS_fcntl, 1, F_DUPFD, 1024);
  FAILS(EINVAL, SYS_fcntl, 1, 9999, 0);
  FAILS(EINVAL, SYS_eventfd2, 0, 2);
  FAILS(EINVAL, SYS_memfd_create, "name", 0x100);
  FAILS(EFAULT, SYS_memfd_create, nowhere, 0);
  FAILS(EINVAL, SYS_ftruncate, 77, -1L);
  FAILS(EBADF, SYS_ftruncate, 77, 0L);
  FAILS(EINVAL, SYS_ftruncate, 1, 0L);
  FAILS(EBADF, SYS_pwrite64, 77, page, 1, 0L);
  FAILS(ESPIPE, SYS_pwrite64, 1, page, 1, 0L);
  FAILS(EINVAL, SYS_readv, 0, page, -1L);
  FAILS(EFAULT, SYS_writev, 1, nowhere, 1);
  FAILS(EINVAL, SYS_close_range, 9, 3, 0);
  FAILS(ENOENT, SYS_openat, AT_FDCWD, "/tmp/x", 3, 0);
  FAILS(EISDIR, SYS_openat, AT_FDCWD, "/tmp", O_WRONLY, 0);
  FAILS(EBADF, SYS_openat, 77, "x", O_RDONLY, 0);
  FAILS(ENOTDIR, SYS_chdir, "/dev/null");
  FAILS(ENOENT, SYS_unlinkat, AT_FDCWD, "/tmp/x", 0);
  FAILS(EBUSY, SYS_unlinkat, AT_FDCWD, "/tmp", AT_REMOVEDIR);
  FAILS(EEXIST, SYS_mkdirat, AT_FDCWD, "/tmp", 0700);
  FAILS(ERANGE, SYS_getcwd, page, 1);
  FAILS(EFAULT, SYS_ppoll, nowhere, 1, NULL, NULL, 0);
  FAILS(EINVAL, SYS_ppoll, page, 2000, NULL, NULL, 0);
  FAILS(EINVAL, SYS_ppoll, page, 0, &bad_time, NULL, 0);
  FAILS(EBADF, SYS_pselect6, 8, memset(page, 0xff, 8), NULL, NULL, NULL, NULL);
  FAILS(EACCES, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open("/proc/self/maps", O_RDONLY), 0);
  FAILS(ENODEV, SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, 0, 0);

  // Processes.
  FAILS(ENOENT, SYS_execve, "/no/such/program", NULL, NULL);
  FAILS(EACCES, SYS_execve, "/tmp", NULL, NULL);
  FAILS(EACCES, SYS_execve, "/proc/self/maps", NULL, NULL);
  FAILS(ENOENT, SYS_execveat, AT_FDCWD, "", NULL, NULL, 1);
  FAILS(EINVAL, SYS_execveat, AT_FDCWD, "/no/such/program", NULL, NULL, 1);
  FAILS(EINVAL, SYS_wait4, -1, NULL, 0x100, NULL);
  FAILS(ECHILD, SYS_wait4, -1, NULL, 0, NULL);
  FAILS(ECHILD, SYS_waitid, 0, 0, NULL, 4, NULL);
  FAILS(EINVAL, SYS_waitid, 0, 0, NULL, 0, NULL);
  FAILS(EINVAL, SYS_waitid, 9, 0, NULL, 4, NULL);
  FAILS(EINVAL, SYS_setpgid, 0, -1);
  FAILS(ESRCH, SYS_setpgid, 54321, 0);
  FAILS(ESRCH, SYS_getpgid, 54321);
  FAILS(EINVAL, SYS_clone, 0x10100, 0, 0, 0, 0);
  struct clone_args wanted = {.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD};
  FAILS(EINVAL, SYS_clone3, &wanted, sizeof wanted);
  wanted = (struct clone_args){.flags = CLONE_SIGHAND | CLONE_VM | (1ull << 32)};
  FAILS(EINVAL, SYS_clone3, &wanted, sizeof wanted);
  wanted = (struct clone_args){.flags = 1ull << 40};
  FAILS(EINVAL, SYS_clone3, &wanted, sizeof wanted);

  // Timers and signals.
  FAILS(EINVAL, SYS_timer_create, 55, NULL, page);
  FAILS(EFAULT, SYS_timer_create, CLOCK_MONOTONIC, NULL, nowhere);
  FAILS(EINVAL, SYS_timer_settime, 7, 0, memset(page, 0, 32), NULL);
  FAILS(EINVAL, SYS_timer_gettime, 7, page);
  FAILS(EINVAL, SYS_timer_delete, 7);
  FAILS(EFAULT, SYS_setitimer, 0, nowhere, NULL);
  FAILS(EINVAL, SYS_timerfd_create, 55, 0);
  FAILS(EBADF, SYS_timerfd_settime, 77, 0, page, NULL);
  FAILS(EINVAL, SYS_rt_sigtimedwait, page, NULL, NULL, 4);
  FAILS(EAGAIN, SYS_rt_sigtimedwait, page, NULL, memset(page + 64, 0, 16), 8);
  FAILS(EFAULT, SYS_rt_sigqueueinfo, getpid(), SIGUSR1, nowhere);
  FAILS(EINVAL, SYS_rt_sigqueueinfo, getpid(), 65, page);
  FAILS(ESRCH, SYS_rt_tgsigqueueinfo, getpid(), 54321, SIGUSR1, memset(page, 0xff, 128));
  FAILS(EPERM, SYS_kill, 1, 0);

  // Scheduling and shared segments.
  FAILS(EINVAL, SYS_sched_setscheduler, 0, 4, page);
  FAILS(EINVAL, SYS_sched_setscheduler, 0, 0, NULL);
  FAILS(ESRCH, SYS_sched_getparam, 54321, page);
  FAILS(EINVAL, SYS_setpriority, 3, 0, 0);
  FAILS(EINVAL, SYS_getrusage, 5, page);
  FAILS(EINVAL, SYS_shmget, 0, 0, 01000);
  FAILS(EINVAL, SYS_shmdt, page);
  FAILS(EINVAL, SYS_msync, page, 4096, 8);
  FAILS(ENOMEM, SYS_mlock, page, 8192);
  FAILS(EDEADLK, SYS_futex, memcpy(page, &(int){getpid()}, 4), FUTEX_LOCK_PI, 0, NULL);
  FAILS(EINVAL, SYS_futex, page, FUTEX_CMP_REQUEUE_PI, 1, 0, page, 0);
  printf("%d failures\n", failures);
  return failures != 0;
}
