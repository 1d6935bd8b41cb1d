// Pipes, eventfd, poll, copies of descriptors, files in memory, mappings of them, and programs that talk through pipes.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static volatile int broken;
static void on_pipe(int n) {
  (void)n;
  ++broken;
}

static void pipes(void) {
  int fd[2], status;
  char text[100];
  CHECK(pipe(fd) == 0);
  if (fork() == 0) {
    close(fd[0]);
    // More than a pipe takes at once.
    char* bytes = malloc(200000);
    for (int i = 0; i < 200000; ++i) bytes[i] = (char)(i * 7);
    _exit(write(fd[1], bytes, 200000) == 200000 ? 6 : 1);
  }
  close(fd[1]);
  int total = 0, wrong = 0;
  for (ssize_t n; (n = read(fd[0], text, sizeof text)) > 0; total += (int)n)
    for (int i = 0; i < n; ++i) wrong += text[i] != (char)((total + i) * 7);
  CHECK(total == 200000 && wrong == 0);
  CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 6);
  close(fd[0]);

  CHECK(pipe2(fd, O_NONBLOCK | O_CLOEXEC) == 0 && fcntl(fd[0], F_GETFD) == FD_CLOEXEC);
  CHECK(read(fd[0], text, 1) == -1 && errno == EAGAIN);
  CHECK(read(fd[1], text, 1) == -1 && errno == EBADF && write(fd[0], text, 1) == -1 && errno == EBADF);
  total = 0;
  for (ssize_t n; (n = write(fd[1], text, sizeof text)) > 0;) total += (int)n;
  CHECK(errno == EAGAIN && total > 65536 - 4096 && total <= 65536);
  struct pollfd both[2] = {{fd[0], POLLIN, 0}, {fd[1], POLLOUT, 0}};
  CHECK(poll(both, 2, 0) == 1 && both[0].revents == POLLIN && both[1].revents == 0);
  CHECK(lseek(fd[0], 0, SEEK_CUR) == -1 && errno == ESPIPE);
  signal(SIGPIPE, on_pipe);
  close(fd[0]);
  CHECK(write(fd[1], text, 1) == -1 && errno == EPIPE && broken == 1);
  CHECK(poll(&both[1], 1, -1) == 1 && (both[1].revents & POLLERR) != 0);
  close(fd[1]);
  CHECK(poll(both, 1, 5) == 1 && both[0].revents == POLLNVAL);
  signal(SIGPIPE, SIG_DFL);
  CHECK(pipe(fd) == 0);
  close(fd[0]);
  const pid_t child = fork();
  if (child == 0) {
    write(fd[1], text, 1);
    _exit(0);
  }
  close(fd[1]);
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

static void* add(void* argument) {
  const uint64_t five = 5;
  usleep(100);
  write(*(int*)argument, &five, sizeof five);
  return NULL;
}

static void events(void) {
  int fd = eventfd(0, 0);
  uint64_t value = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, add, &fd);
  struct pollfd one = {fd, POLLIN, 0};
  CHECK(poll(&one, 1, 1000) == 1 && read(fd, &value, sizeof value) == 8 && value == 5);
  pthread_join(thread, NULL);
  CHECK(poll(&one, 1, 1) == 0 && one.revents == 0);
  fd_set set;
  struct timeval soon = {0, 500};
  FD_ZERO(&set);
  FD_SET(fd, &set);
  CHECK(select(fd + 1, &set, NULL, NULL, &soon) == 0 && !FD_ISSET(fd, &set));
  FD_SET(fd, &set);
  CHECK(select(fd + 1, NULL, &set, NULL, NULL) == 1 && FD_ISSET(fd, &set));
  close(fd);
  fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  CHECK(read(fd, &value, sizeof value) == 8 && value == 1 && read(fd, &value, sizeof value) == 8);
  CHECK(read(fd, &value, sizeof value) == -1 && errno == EAGAIN && read(fd, &value, 4) == -1 && errno == EINVAL);
  close(fd);
}

static void descriptors(void) {
  const int fd = open("/tmp/numbers", O_RDWR | O_CREAT | O_EXCL, 0640);
  CHECK(fd >= 3 && open("/tmp/numbers", O_RDWR | O_CREAT | O_EXCL, 0640) == -1 && errno == EEXIST);
  CHECK(write(fd, "0123456789", 10) == 10);
  const int copy = dup(fd);
  CHECK(lseek(copy, 2, SEEK_SET) == 2 && lseek(fd, 0, SEEK_CUR) == 2);
  CHECK(dup2(fd, 50) == 50 && dup3(fd, 50, 0) == 50 && dup3(fd, fd, 0) == -1 && errno == EINVAL);
  CHECK(fcntl(fd, F_DUPFD, 60) == 60 && fcntl(fd, F_DUPFD_CLOEXEC, 60) == 61 && fcntl(61, F_GETFD) == FD_CLOEXEC);
  char text[20] = "";
  CHECK(read(60, text, 3) == 3 && memcmp(text, "234", 3) == 0 && pread(50, text, 20, 8) == 2);
  const int other = open("/tmp/numbers", O_WRONLY | O_APPEND);
  CHECK(write(other, "x", 1) == 1 && read(other, text, 1) == -1 && errno == EBADF);
  struct stat s;
  CHECK(fstat(fd, &s) == 0 && s.st_size == 11 && S_ISREG(s.st_mode) && (s.st_mode & 0777) == 0640);
  CHECK(stat("/tmp", &s) == 0 && S_ISDIR(s.st_mode));
  CHECK(ftruncate(fd, 4) == 0 && lseek(fd, 0, SEEK_END) == 4);
  CHECK(chdir("/tmp") == 0 && getcwd(text, 20) == text && strcmp(text, "/tmp") == 0);
  CHECK(rename("numbers", "digits") == 0 && access("/tmp/numbers", F_OK) == -1 && access("digits", R_OK | W_OK) == 0);
  CHECK(mkdir("folder", 0755) == 0 && mkdir("folder", 0755) == -1 && errno == EEXIST);
  close(open("folder/file", O_WRONLY | O_CREAT, 0600));
  CHECK(rmdir("folder") == -1 && errno == ENOTEMPTY && unlink("folder/file") == 0 && rmdir("folder") == 0);
  CHECK(unlink("/tmp/digits") == 0 && open("/tmp/digits", O_RDONLY) == -1 && errno == ENOENT);
  CHECK(pread(fd, text, 20, 0) == 4 && memcmp(text, "0123", 4) == 0);
  CHECK(open("/nowhere/file", O_WRONLY | O_CREAT, 0600) == -1 && errno == ENOENT);
  const int neither = open("/dev/null", 3);
  CHECK(neither >= 0 && read(neither, text, 1) == -1 && errno == EBADF && write(neither, text, 1) == -1 && errno == EBADF);
  for (int i = 3; i < 70; ++i) close(i);
  int last = -1;
  for (int n; (n = open("/dev/null", O_RDWR)) >= 0;) last = n;
  CHECK(errno == EMFILE && last == 1023);
  for (int i = 3; i < 1024; ++i) close(i);
}

/// What lseek(), fsync(), mmap() and prctl() do with files and values of rarer kinds.
static void rare_kinds(void) {
  int ends[2];
  CHECK(pipe(ends) == 0 && fsync(ends[0]) == -1 && errno == EINVAL);
  const int event = eventfd(1, 0), zeros = open("/dev/zero", O_RDONLY), fd = memfd_create("memory", 0);
  CHECK(lseek(event, 5, SEEK_SET) == 0 && lseek(zeros, 5, SEEK_SET) == 0);
  CHECK(write(fd, "12345678", 8) == 8 && lseek(fd, 3, SEEK_DATA) == 3 && lseek(fd, 3, SEEK_HOLE) == 8);
  CHECK(lseek(fd, 8, SEEK_DATA) == -1 && errno == ENXIO && lseek(fd, 0, 9) == -1 && errno == EINVAL);
  char* const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);
  CHECK(page != MAP_FAILED && page[4095] == 0 && ++page[4095] == 1);
  CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, zeros, 0) == MAP_FAILED && errno == EACCES);
  CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | 0x400000, fd, 0) == MAP_FAILED && errno == EOPNOTSUPP);
  CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE, fd, 0) != MAP_FAILED);
  // preadv, pwritev, truncate; pwrite() of a file that is appended to; names that are too long.
  const int named = open("/tmp/named", O_RDWR | O_CREAT, 0600), appending = open("/tmp/named", O_WRONLY | O_APPEND);
  char first[2] = "", second[4] = "", name[300];
  struct iovec in[] = {{"abc", 3}, {"", 0}, {"de", 2}}, nothing = {"", 0}, out[] = {{first, 1}, {second, 3}};
  CHECK(pwritev(named, in, 3, 2) == 5 && preadv(named, out, 2, 3) == 4 && *first == 'b' && memcmp(second, "cde", 3) == 0);
  CHECK(writev(named, &nothing, 1) == 0 && preadv(named, out, 2, -1) == -1 && errno == EINVAL);
  CHECK(pwrite(appending, "f", 1, 0) == 1 && lseek(named, 0, SEEK_END) == 8);
  CHECK(truncate("/tmp/named", 3) == 0 && lseek(named, 0, SEEK_END) == 3 && truncate("/tmp", 3) == -1 && errno == EISDIR);
  CHECK(truncate("/tmp/named", -1) == -1 && errno == EINVAL && truncate("/tmp/no", 0) == -1 && errno == ENOENT);
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  CHECK(open(name, O_RDWR | O_CREAT, 0600) == -1 && errno == ENAMETOOLONG && mkdir(name, 0700) == -1 && errno == ENAMETOOLONG);
  unlink("/tmp/named");
  for (int i = ends[0]; i <= appending; ++i) close(i);
  CHECK(prctl(PR_GET_TIMERSLACK) == 50000 && prctl(PR_SET_TIMERSLACK, 100) == 0 && prctl(PR_GET_TIMERSLACK) == 100);
  CHECK(prctl(PR_SET_TIMERSLACK, 0) == 0 && prctl(PR_GET_TIMERSLACK) == 50000);
}

static void mappings(void) {
  const int fd = memfd_create("memory", MFD_CLOEXEC);
  CHECK(fd >= 0 && ftruncate(fd, 6000) == 0);
  char* shared = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* again = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
  char* own = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(shared != MAP_FAILED && again != MAP_FAILED && own != MAP_FAILED);
  shared[4100] = 'a';
  CHECK(again[4] == 'a');
  char c = 'b';
  CHECK(pwrite(fd, &c, 1, 4101) == 1 && again[5] == 'b' && pread(fd, &c, 1, 4100) == 1 && c == 'a');
  own[0] = 'c';
  CHECK(shared[0] == 0);
  int status;
  if (fork() == 0) {
    shared[8192] = 1;  // past the last page of the file
    _exit(0);
  }
  CHECK(wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
  // Code written through one mapping and executed through another.
  ftruncate(fd, 12288);
  uint32_t* writable = (uint32_t*)(shared + 8192);
  void* executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 8192);
  for (int i = 1; i <= 3; ++i) {
    writable[0] = 0x52800000 | (unsigned)i << 5;
    writable[1] = 0xd65f03c0;
    __builtin___clear_cache((char*)writable, (char*)(writable + 2));
    __builtin___clear_cache(executable, (char*)executable + 8);
    CHECK(((int (*)(void))executable)() == i);
  }
  const int reader = open("/proc/self/fd/3", O_RDONLY);
  CHECK(fd == 3 && reader >= 0 && pread(reader, &c, 1, 4100) == 1 && c == 'a');
  CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 99, 0) == MAP_FAILED && errno == EBADF);
  close(fd);
  close(reader);
}

static void process_files(void) {
  char line[4000] = "";
  FILE* f = fopen("/proc/self/maps", "r");
  int lines = 0, stack = 0;
  while (f != NULL && fgets(line, sizeof line, f) != NULL) {
    unsigned long begin, end;
    CHECK(sscanf(line, "%lx-%lx", &begin, &end) == 2 && begin < end);
    ++lines;
    stack |= (uintptr_t)line >= begin && (uintptr_t)line < end && strstr(line, "rw-p") != NULL;
  }
  CHECK(lines > 4 && stack);
  if (f != NULL) fclose(f);
  f = fopen("/proc/self/status", "r");
  int pid = 0;
  while (f != NULL && fgets(line, sizeof line, f) != NULL) sscanf(line, "Pid: %d", &pid);
  CHECK(pid == getpid());
  if (f != NULL) fclose(f);
}

static void through_a_pipe(char* name) {
  int to[2], from[2], status;
  CHECK(pipe(to) == 0 && pipe(from) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(to[0], 0);
    dup2(from[1], 1);
    for (int i = 3; i < 10; ++i) close(i);
    execl(name, name, "filter", NULL);
    _exit(1);
  }
  close(to[0]);
  close(from[1]);
  CHECK(write(to[1], "hello", 5) == 5);
  close(to[1]);
  char text[100];
  ssize_t total = 0, n;
  while ((n = read(from[0], text + total, sizeof text - (size_t)total)) > 0) total += n;
  CHECK(total == 5 && memcmp(text, "HELLO", 5) == 0);
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 8);
}

int main(int argc, char** argv) {
  if (argc > 1) {
    for (int c; (c = getchar()) != EOF;) putchar(c >= 'a' && c <= 'z' ? c - 32 : c);
    return 8;
  }
  setvbuf(stdout, NULL, _IONBF, 0);
  pipes();
  events();
  descriptors();
  mappings();
  rare_kinds();
  process_files();
  through_a_pipe(argv[0]);
  printf("%d failures\n", failures);
  return failures != 0;
}
