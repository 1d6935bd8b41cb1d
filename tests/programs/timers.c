// Timers, queued signals and waiting for them, limits of waiting, what is known about the use of the processor.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile int count, code, value, handler_thread;
static volatile int order[8];
static void on_signal(int n, siginfo_t* info, void* context) {
  (void)context;
  if (count < 8) order[count] = n * 1000 + info->si_value.sival_int;
  code = info->si_code;
  value = info->si_value.sival_int;
  handler_thread = (int)syscall(SYS_gettid);
  __atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);  // another thread may be waiting for this
}

static void handle(int n, int flags) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = on_signal;
  a.sa_flags = SA_SIGINFO | flags;
  sigaction(n, &a, NULL);
}

static long long now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void alarms(void) {
  handle(SIGALRM, 0);
  count = 0;
  const struct itimerval setting = {{0, 200}, {0, 100}};
  struct itimerval left;
  CHECK(setitimer(ITIMER_REAL, &setting, NULL) == 0);
  while (count < 3) pause();
  CHECK(code == SI_KERNEL);
  CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_interval.tv_usec == 200 && left.it_value.tv_usec <= 200);
  const struct itimerval off = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &off, &left) == 0 && left.it_interval.tv_usec == 200);
  CHECK(alarm(5) == 0 && alarm(0) > 0);
  handle(SIGVTALRM, 0);
  count = 0;
  const struct itimerval once = {{0, 0}, {0, 50}};
  setitimer(ITIMER_VIRTUAL, &once, NULL);
  const long long before = now(CLOCK_PROCESS_CPUTIME_ID);
  while (count == 0) {
  }
  CHECK(now(CLOCK_PROCESS_CPUTIME_ID) - before >= 50000);
  const struct itimerval wrong = {{0, 0}, {0, 1000000}};
  CHECK(setitimer(ITIMER_REAL, &wrong, NULL) == -1 && errno == EINVAL);
  CHECK(syscall(SYS_setitimer, 3, &once, NULL) == -1 && errno == EINVAL);
}

static volatile int ready, finish;
static void* bystander(void* argument) {
  *(pid_t*)argument = (pid_t)syscall(SYS_gettid);
  __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
  while (!__atomic_load_n(&finish, __ATOMIC_ACQUIRE)) sched_yield();
  return NULL;
}

static void posix_timers(void) {
  timer_t timer;
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  event.sigev_value.sival_int = 77;
  handle(SIGRTMIN, 0);
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  count = 0;
  struct itimerspec setting = {{0, 0}, {0, 30000}}, left;
  CHECK(timer_settime(timer, 0, &setting, NULL) == 0);
  CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 30000);
  while (count == 0) pause();
  CHECK(count == 1 && code == SI_TIMER && value == 77);
  CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0);
  // Blocked for several intervals: one signal and a count.
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, &old);
  setting.it_interval.tv_nsec = 10000;
  setting.it_value.tv_nsec = 10000;
  timer_settime(timer, 0, &setting, NULL);
  const struct timespec pause_time = {0, 105000};
  nanosleep(&pause_time, NULL);
  siginfo_t info;
  const struct timespec zero = {0, 0};
  CHECK(sigtimedwait(&set, &info, &zero) == SIGRTMIN && info.si_code == SI_TIMER && info.si_overrun >= 9 &&
        info.si_overrun <= 12);
  // What waits of a timer that is set again is gone.
  nanosleep(&pause_time, NULL);
  const struct itimerspec off = {{0, 0}, {0, 0}};
  timer_settime(timer, 0, &off, NULL);
  CHECK(sigtimedwait(&set, &info, &zero) == -1 && errno == EAGAIN);
  sigprocmask(SIG_SETMASK, &old, NULL);
  // An absolute time that has passed.
  count = 0;
  setting.it_interval.tv_nsec = 0;
  setting.it_value.tv_nsec = 1;
  timer_settime(timer, TIMER_ABSTIME, &setting, NULL);
  while (count == 0) sched_yield();
  CHECK(timer_delete(timer) == 0 && timer_delete(timer) == -1 && errno == EINVAL);

  pid_t other = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, bystander, &other);
  while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) sched_yield();
  event.sigev_notify = SIGEV_THREAD_ID;
  event._sigev_un._tid = other;
  CHECK(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
  count = 0;
  setting.it_value.tv_nsec = 5000;
  timer_settime(timer, 0, &setting, NULL);
  while (__atomic_load_n(&count, __ATOMIC_ACQUIRE) == 0) sched_yield();
  CHECK(handler_thread == other);
  __atomic_store_n(&finish, 1, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  event._sigev_un._tid = 1;
  CHECK(timer_create(CLOCK_REALTIME, &event, &timer) == -1 && errno == EINVAL);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = 65;
  CHECK(timer_create(CLOCK_REALTIME, &event, &timer) == -1 && errno == EINVAL);
  CHECK(timer_create(55, NULL, &timer) == -1 && errno == EINVAL);
}

static void queues(void) {
  sigset_t set, old;
  siginfo_t info;
  sigemptyset(&set);
  for (int n = SIGRTMIN; n < SIGRTMIN + 3; ++n) {
    handle(n, 0);
    sigaddset(&set, n);
  }
  sigaddset(&set, SIGUSR1);
  handle(SIGUSR1, 0);
  sigprocmask(SIG_BLOCK, &set, &old);
  count = 0;
  union sigval v;
  for (v.sival_int = 1; v.sival_int <= 3; ++v.sival_int) {
    CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
    CHECK(sigqueue(getpid(), SIGUSR1, v) == 0);
  }
  v.sival_int = 9;
  sigqueue(getpid(), SIGRTMIN, v);
  CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_QUEUE && info.si_pid == getpid() &&
        info.si_value.sival_int == 1);
  sigprocmask(SIG_SETMASK, &old, NULL);
  // Frames are pushed for the lowest number first, so its handler runs last.
  CHECK(count == 4);
  for (int i = 0; i < 3; ++i) CHECK(order[i] == (SIGRTMIN + 1) * 1000 + i + 1);
  CHECK(order[3] == SIGRTMIN * 1000 + 9);
  CHECK(sigqueue(54321, SIGUSR1, v) == -1 && errno == ESRCH);
  memset(&info, 0, sizeof info);
  CHECK(syscall(SYS_rt_sigqueueinfo, 1001, SIGUSR1, &info) == -1 && errno == EPERM);
  // A wait that a handler ends.
  handle(SIGALRM, 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, &old);
  const struct itimerval soon = {{0, 0}, {0, 50}};
  setitimer(ITIMER_REAL, &soon, NULL);
  CHECK(sigwaitinfo(&set, &info) == -1 && errno == EINTR);
  const struct timespec time = {0, 20000};
  CHECK(sigtimedwait(&set, &info, &time) == -1 && errno == EAGAIN);
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    kill(parent, SIGUSR2);
    _exit(0);
  }
  CHECK(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_pid == child && info.si_code == SI_USER);
  CHECK(wait(NULL) == child);
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void timer_files(void) {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  uint64_t times = 0;
  CHECK(fd >= 0 && read(fd, &times, 8) == -1 && errno == EAGAIN);
  const struct itimerspec setting = {{0, 20000}, {0, 20000}};
  struct itimerspec left;
  CHECK(timerfd_settime(fd, 0, &setting, NULL) == 0 && timerfd_gettime(fd, &left) == 0 &&
        left.it_interval.tv_nsec == 20000);
  struct pollfd one = {fd, POLLIN, 0};
  CHECK(poll(&one, 1, -1) == 1 && read(fd, &times, 8) == 8 && times >= 1);
  const struct timespec pause_time = {0, 100000};
  nanosleep(&pause_time, NULL);
  CHECK(read(fd, &times, 8) == 8 && times >= 5);
  close(fd);
  CHECK(timerfd_settime(0, 0, &setting, NULL) == -1 && errno == EINVAL);
}

static void usage(int work) {
  struct rusage u;
  struct tms t;
  struct sysinfo s;
  struct sched_param p = {0};
  volatile int spent = 0;
  while (spent < work) ++spent;
  CHECK(getrusage(RUSAGE_SELF, &u) == 0 && u.ru_utime.tv_sec + u.ru_utime.tv_usec > 0);
  CHECK(times(&t) != -1 && sysinfo(&s) == 0 && s.totalram > s.freeram && s.procs >= 1);
  CHECK(sched_setscheduler(0, SCHED_BATCH, &p) == 0 && sched_getscheduler(0) == SCHED_BATCH);
  p.sched_priority = 5;
  CHECK(sched_setscheduler(0, SCHED_IDLE, &p) == -1 && errno == EINVAL);
  CHECK(sched_setscheduler(0, SCHED_OTHER, &p) == -1 && errno == EINVAL);
  CHECK(sched_getparam(0, &p) == 0 && p.sched_priority == 0);
  CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0 && getpriority(PRIO_PROCESS, 0) == 5);
  CHECK(setpriority(PRIO_PROCESS, 0, 1) == -1 && errno == EACCES);
  CHECK(now(CLOCK_THREAD_CPUTIME_ID) <= now(CLOCK_PROCESS_CPUTIME_ID));
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  alarms();
  posix_timers();
  queues();
  timer_files();
  usage(argc > 1 ? atoi(argv[1]) : 200000);
  printf("%d failures\n", failures);
  return failures != 0;
}
