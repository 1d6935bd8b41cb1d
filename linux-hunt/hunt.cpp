#include "linux-hunt/hunt.h"

#include <algorithm>
#include <exception>
#include <set>
#include <thread>

namespace isobar::linux_hunt {

namespace {

/// Runs that are made with the same knowledge, whatever the number of jobs.
constexpr u64 kBatch = 16;
/// The first batch: half by seeds, half by turns without changes, to learn what is shared and how many events there are.
constexpr u64 kFirstBatch = 4;

struct Attempt {
  Run run;
  std::exception_ptr error;
};

class ProgramHunt {
 public:
  ProgramHunt(const Target& target, const HuntOptions& options) : target_(target), options_(options) {}

  Hunted result() {
    while (!out_.failing && out_.runs < options_.runs && !out_.stopped) {
      const u64 size = out_.runs == 0 ? kFirstBatch : kBatch;
      std::vector<Attempt> batch(std::min(size, options_.runs - out_.runs));
      make(batch);
      take(batch);
    }
    out_.results = results_.size();
    out_.coverage = coverage_.estimate();
    return std::move(out_);
  }

 private:
  bool is_by_seed(u64 run) const { return options_.strategy == hunt::Strategy::Random || run < kFirstBatch / 2; }
  /// By turns the program itself always gets the same random numbers.
  u64 seed_of(u64 run) const { return options_.seed + (is_by_seed(run) ? run : 0); }

  Run make_run(u64 run) const {
    const u64 seed = seed_of(run);
    if (is_by_seed(run)) return run_by_seed(target_, seed, out_.shared);
    TurnOptions turns;
    turns.in_order = options_.strategy == hunt::Strategy::Delay;
    turns.changes = options_.strategy == hunt::Strategy::Delay ? options_.depth : options_.depth - 1;
    turns.events = run < kFirstBatch ? 0 : out_.events;
    explore::Random mixed(explore::Random(options_.seed).next() + run);
    turns.seed = mixed.next();
    return run_by_turns(target_, seed, turns, out_.shared);
  }

  void make(std::vector<Attempt>& batch) {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> failed = batch.size();
    const auto work = [&] {
      for (std::size_t i = next++; i < batch.size() && i < failed; i = next++) {
        if (options_.stops && options_.stops()) return;
        try {
          batch[i].run = make_run(out_.runs + i);
        } catch (...) {
          batch[i].error = std::current_exception();
        }
        if (!batch[i].run.failure.empty() || batch[i].error) {
          std::size_t before = failed;
          while (i < before && !failed.compare_exchange_weak(before, i)) {
          }
        }
      }
    };
    std::vector<std::jthread> threads;
    for (unsigned j = 1; j < options_.jobs; ++j) threads.emplace_back(work);
    work();
  }

  /// Then runs may have been cut off.
  bool is_interrupted() const { return target_.interrupt != nullptr && target_.interrupt->load(); }

  void take(std::vector<Attempt>& batch) {
    std::vector<u64> found;
    for (Attempt& a : batch) {
      if (a.error) std::rethrow_exception(a.error);
      if (a.run.slices.empty() || is_interrupted()) {
        out_.stopped = true;
        break;
      }
      const u64 seed = seed_of(out_.runs++);
      out_.instructions += a.run.outcome.instructions;
      out_.threads = std::max(out_.threads, a.run.threads);
      results_.insert(a.run.failure + "\n" + a.run.output);
      coverage_.add(a.run.interleaving);
      found.insert(found.end(), a.run.found.begin(), a.run.found.end());
      if (a.run.failure.empty()) {
        events_ = std::max(events_, a.run.events);
        continue;
      }
      out_.seed = seed;
      out_.failing = std::move(a.run);
      return;
    }
    out_.shared.insert(found.begin(), found.end());
    out_.events = events_;
    if (options_.progress) options_.progress(out_.runs, coverage_.estimate());
  }

  const Target& target_;
  const HuntOptions& options_;
  Hunted out_;
  u64 events_ = 0;
  std::set<std::string> results_;
  hunt::Coverage coverage_;
};

}  // namespace

Hunted find_failure(const Target& target, const HuntOptions& options) {
  return ProgramHunt(target, options).result();
}

}  // namespace isobar::linux_hunt
