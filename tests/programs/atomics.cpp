// std::atomic, std::thread, exceptions through frames with destructors, iostream.
#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<long> counter{0};
std::atomic<bool> ready{false};
int payload = 0;

struct Guard {
  std::atomic<int>& live;
  explicit Guard(std::atomic<int>& l) : live(l) { ++live; }
  ~Guard() { --live; }
};

int descend(int depth, std::atomic<int>& live) {
  Guard guard(live);
  if (depth == 0) throw std::runtime_error("bottom");
  return descend(depth - 1, live) + 1;
}

}  // namespace

int main() {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 1000; ++i) counter.fetch_add(t % 2 == 0 ? 2 : -1, std::memory_order_relaxed);
    });
  }
  threads.emplace_back([] {
    payload = 42;
    ready.store(true, std::memory_order_release);
  });
  while (!ready.load(std::memory_order_acquire)) std::this_thread::yield();
  const int seen = payload;
  for (std::thread& t : threads) t.join();

  std::atomic<int> live{0};
  std::string caught;
  try {
    descend(20, live);
  } catch (const std::exception& e) {
    caught = e.what();
  }
  std::cout << "counter " << counter << " payload " << seen << " caught " << caught << " live " << live << " pi "
            << 3.14159 << std::endl;
  return counter == 2000 && seen == 42 && caught == "bottom" && live == 0 ? 0 : 1;
}
