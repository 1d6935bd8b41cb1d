// Arguments, environment, standard streams, exit status.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) printf("argument %d: %s\n", i, argv[i]);
  const char* variable = getenv("GREETING");
  printf("%s from page size %lu\n", variable != NULL ? variable : "hello", getauxval(AT_PAGESZ));
  char line[100];
  while (fgets(line, sizeof line, stdin) != NULL) printf("read: %s", line);
  fprintf(stderr, "to standard error\n");
  return argc > 1 ? atoi(argv[1]) : 0;
}
