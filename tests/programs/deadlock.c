// A thread waits for itself. With an argument a timer goes off all the time, whose signal is ignored.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

int main(int argc, char** argv) {
  (void)argv;
  if (argc > 1) {
    const struct itimerval setting = {{0, 100}, {0, 100}};
    signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &setting, NULL);
  }
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  return pthread_mutex_lock(&mutex);
}
