// Processes: fork, vfork, exec, wait, signals between them, stopping, groups, shared and copied memory.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int in_data = 1;
static int status;

static void after_exec(char** argv) {
  sigset_t set;
  struct sigaction usr1, usr2;
  sigaction(SIGUSR1, NULL, &usr1);
  sigaction(SIGUSR2, NULL, &usr2);
  sigprocmask(SIG_SETMASK, NULL, &set);
  const int ok = strcmp(argv[2], "one two") == 0 && argv[3] == NULL && getenv("COLOUR") != NULL &&
                 strcmp(getenv("COLOUR"), "red") == 0 && getenv("HOME") == NULL && usr1.sa_handler == SIG_DFL &&
                 usr2.sa_handler == SIG_IGN && sigismember(&set, SIGHUP) && in_data == 1 &&
                 syscall(SYS_gettid) == getpid();
  _exit(ok ? 42 : 1);
}

static volatile int told, told_code, told_status, told_pid;
static void on_child(int n, siginfo_t* info, void* context) {
  (void)n;
  (void)context;
  ++told;
  told_code = info->si_code;
  told_status = info->si_status;
  told_pid = info->si_pid;
}
static void nothing(int n) {
  (void)n;
}

static void* exec_from_thread(void* argument) {
  char* const argv[] = {argument, "exec", "one two", NULL};
  char* const environment[] = {"COLOUR=red", NULL};
  execve("/proc/self/exe", argv, environment);
  return NULL;
}

static void short_sleep(void) {
  struct timespec t = {0, 50000};
  nanosleep(&t, NULL);
}

static void memory(void) {
  int* shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int* copied = malloc(100000);
  copied[5] = 5;
  const pid_t child = fork();
  if (child == 0) {
    in_data = 7;
    copied[5] = 6;
    shared[1024] = 99;  // a page that nobody had touched
    while (__atomic_load_n(&shared[0], __ATOMIC_ACQUIRE) == 0)
      syscall(SYS_futex, &shared[0], FUTEX_WAIT, 0, NULL);
    mremap(shared, 8192, 4096, 0);
    _exit(shared[1] + in_data + copied[5]);
  }
  short_sleep();
  CHECK(in_data == 1 && copied[5] == 5);
  copied[5] = 50;
  shared[1] = 20;
  __atomic_store_n(&shared[0], 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &shared[0], FUTEX_WAKE, 1);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 33);
  CHECK(in_data == 1 && copied[5] == 50 && shared[1024] == 99);
  // Code that was written before fork is the child's own too.
  uint32_t* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  code[0] = 0x52800000 | 11 << 5;  // mov w0, #11
  code[1] = 0xd65f03c0;
  __builtin___clear_cache((char*)code, (char*)(code + 2));
  CHECK(((int (*)(void))code)() == 11);
  if (fork() == 0) {
    code[0] = 0x52800000 | 12 << 5;
    __builtin___clear_cache((char*)code, (char*)(code + 2));
    _exit(((int (*)(void))code)());
  }
  CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 12 && ((int (*)(void))code)() == 11);
}

static void waiting(void) {
  CHECK(wait(NULL) == -1 && errno == ECHILD);
  const pid_t slow = fork();
  if (slow == 0) {
    pause();
    _exit(0);
  }
  CHECK(waitpid(slow, &status, WNOHANG) == 0);
  CHECK(waitpid(slow + 1000, &status, 0) == -1 && errno == ECHILD);
  CHECK(kill(slow, 0) == 0 && kill(slow, SIGTERM) == 0);
  CHECK(waitpid(slow, &status, 0) == slow && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  CHECK(kill(slow, 0) == -1 && errno == ESRCH);

  const pid_t quick = fork();
  if (quick == 0) _exit(300);
  siginfo_t info;
  CHECK(waitid(P_PID, quick, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == quick && info.si_status == 44 &&
        info.si_code == CLD_EXITED && info.si_signo == SIGCHLD);
  CHECK(waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == quick);
  CHECK(waitid(P_ALL, 0, &info, WEXITED) == -1 && errno == ECHILD);

  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = on_child;
  a.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGCHLD, &a, NULL);
  const pid_t third = fork();
  if (third == 0) _exit(5);
  CHECK(waitpid(third, &status, 0) == third && WEXITSTATUS(status) == 5);
  CHECK(told == 1 && told_code == CLD_EXITED && told_status == 5 && told_pid == third);

  int until[2];
  CHECK(pipe(until) == 0);
  const pid_t stopping = fork();
  if (stopping == 0) {
    char end;
    close(until[1]);
    raise(SIGSTOP);
    _exit(read(until[0], &end, 1) == 0 ? 9 : 1);
  }
  CHECK(waitpid(stopping, &status, WUNTRACED) == stopping && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK(told == 2 && told_code == CLD_STOPPED && told_status == SIGSTOP);
  CHECK(waitpid(stopping, &status, WNOHANG | WUNTRACED) == 0);
  kill(stopping, SIGCONT);
  CHECK(waitpid(stopping, &status, WCONTINUED) == stopping && WIFCONTINUED(status));
  close(until[1]);
  CHECK(waitpid(stopping, &status, 0) == stopping && WEXITSTATUS(status) == 9);
  CHECK(told == 4);

  // Stopped while it waits, it goes on waiting.
  const pid_t sleeping = fork();
  if (sleeping == 0) {
    struct timespec t = {0, 3000000};
    _exit(nanosleep(&t, NULL) == 0 ? 4 : 5);
  }
  short_sleep();
  kill(sleeping, SIGTSTP);
  CHECK(waitpid(sleeping, &status, WUNTRACED) == sleeping && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
  kill(sleeping, SIGCONT);
  CHECK(waitpid(sleeping, &status, 0) == sleeping && WIFEXITED(status) && WEXITSTATUS(status) == 4);
  signal(SIGCHLD, SIG_IGN);
  if (fork() == 0) _exit(0);
  CHECK(wait(NULL) == -1 && errno == ECHILD);
  signal(SIGCHLD, SIG_DFL);
}

static void groups(void) {
  CHECK(getpgrp() == getpid() && getsid(0) == getpid());
  CHECK(setsid() == -1 && errno == EPERM);
  int count = 0;
  pid_t first = 0;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    if (i == 0) first = child;
    CHECK(setpgid(child, first) == 0 && getpgid(child) == first);
  }
  CHECK(setpgid(0, first + 100) == -1 && errno == EPERM);
  kill(-first, SIGKILL);
  while (waitpid(-first, &status, 0) > 0) count += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  CHECK(count == 3);
  const pid_t leader = fork();
  if (leader == 0) _exit(setsid() == getpid() && getsid(0) == getpid() ? 3 : 1);
  CHECK(waitpid(leader, &status, 0) == leader && WEXITSTATUS(status) == 3);
}

static volatile int order[8], handled;
static void note_order(int n) {
  order[handled++] = n;
}

/// The last signal that is delivered is handled first: the process's, with the lower number too, after the thread's own. Who
/// waits for a child hears of it although its signal comes as well.
static void order_of_signals(void) {
  struct sigaction a, before;
  memset(&a, 0, sizeof a);
  a.sa_handler = note_order;
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);
  sigaction(SIGHUP, &a, NULL);
  sigaction(SIGUSR1, &a, NULL);
  sigaction(SIGUSR2, &a, NULL);
  raise(SIGUSR2);
  raise(SIGUSR1);
  kill(getpid(), SIGHUP);
  raise(SIGUSR1);
  sigprocmask(SIG_SETMASK, &old, NULL);
  CHECK(handled == 3 && order[0] == SIGHUP && order[1] == SIGUSR2 && order[2] == SIGUSR1);
  sigaction(SIGCHLD, &a, &before);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  kill(child, SIGKILL);
  siginfo_t info;
  CHECK(waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == child && info.si_code == CLD_KILLED && info.si_status == SIGKILL);
  CHECK(handled == 4 && order[3] == SIGCHLD);
  sigaction(SIGCHLD, &before, NULL);
}

static void orphan(void) {
  int* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    shared[1] = getppid() == parent;
    if (fork() == 0) {
      while (getppid() != 1) sched_yield();
      __atomic_store_n(&shared[0], 1, __ATOMIC_RELEASE);
      _exit(0);
    }
    _exit(0);
  }
  waitpid(child, &status, 0);
  while (__atomic_load_n(&shared[0], __ATOMIC_ACQUIRE) == 0) sched_yield();
  CHECK(shared[1] == 1);
  CHECK(wait(NULL) == -1 && errno == ECHILD);
}

static void programs(char* name) {
  char* const argv[] = {name, "exec", "one two", NULL};
  char* const environment[] = {"COLOUR=red", NULL};
  signal(SIGUSR1, nothing);
  signal(SIGUSR2, SIG_IGN);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, &old);
  in_data = 3;
  if (fork() == 0) {
    execve(name, argv, environment);
    _exit(2);
  }
  CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 42);
  const pid_t child = vfork();
  if (child == 0) {
    in_data = 4;
    execve("/proc/self/exe", argv, environment);
    _exit(2);
  }
  CHECK(in_data == 4);
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 42);
  const pid_t threaded = fork();
  if (threaded == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, exec_from_thread, name);
    pthread_join(thread, NULL);
    _exit(2);
  }
  CHECK(waitpid(threaded, &status, 0) == threaded && WEXITSTATUS(status) == 42);
  sigprocmask(SIG_SETMASK, &old, NULL);
  CHECK(execve("/no/such/program", argv, environment) == -1 && errno == ENOENT);
  CHECK(execve("", argv, environment) == -1 && errno == ENOENT);
  CHECK(syscall(SYS_execve, 16L, argv, environment) == -1 && errno == EFAULT);
  CHECK(syscall(SYS_execve, name, 16L, environment) == -1 && errno == EFAULT);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "exec") == 0) after_exec(argv);
  setvbuf(stdout, NULL, _IONBF, 0);
  memory();
  waiting();
  groups();
  order_of_signals();
  orphan();
  programs(argv[0]);
  printf("%d failures\n", failures);
  return failures != 0;
}
