// For programs that test themselves: they print what is not so, and end with status 1 if anything was not.
#pragma once

#include <stdio.h>

static int failures;
#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      ++failures;                                    \
    }                                                \
  } while (0)
