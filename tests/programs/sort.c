// Integer work: sorts and a sieve, for measuring.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void* a, const void* b) {
  const uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char** argv) {
  const size_t n = argc > 1 ? (size_t)atol(argv[1]) : 20000;
  uint32_t* values = malloc(n * sizeof *values);
  uint32_t state = 12345;
  for (size_t i = 0; i < n; ++i) values[i] = state = state * 1664525u + 1013904223u;
  qsort(values, n, sizeof *values, compare);
  uint64_t sum = 0;
  for (size_t i = 1; i < n; ++i) {
    if (values[i - 1] > values[i]) return 1;
    sum = sum * 31 + values[i];
  }
  size_t primes = 0;
  char* composite = calloc(n + 1, 1);
  for (size_t i = 2; i <= n; ++i) {
    if (composite[i]) continue;
    ++primes;
    for (size_t k = i * i; k <= n; k += i) composite[k] = 1;
  }
  printf("sum %016lx primes %zu\n", (unsigned long)sum, primes);
  return 0;
}
