#include "hunt/hunt.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace isobar::hunt {

namespace {

using Clock = std::chrono::steady_clock;

/// What is kept of a run.
struct Summary {
  bool ended = false;
  bool finished = false;
  u64 transitions = 0;
  Digest fingerprint;
  trace::Outcome outcome;
  std::optional<Failure> failure;
  std::vector<model::Transition> path;  ///< of one that failed
};

Summary summary_of(Run run) {
  Summary s;
  s.ended = run.ended;
  s.transitions = run.path.size();
  if (run.ended) s.fingerprint = fingerprint(run.execution);
  s.finished = run.ended && !(run.failure && run.failure->kind == FailureKind::Deadlock);
  s.outcome = std::move(run.outcome);
  s.failure = std::move(run.failure);
  if (s.failure) s.path = std::move(run.path);
  return s;
}

class Campaign {
 public:
  Campaign(const Target& target, const HuntOptions& options)
      : target_(target), options_(options), start_(Clock::now()) {}

  HuntResult run() {
    result_.size = measure(target_, options_.strategy.seed);
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < std::max(options_.jobs, 1u); ++i) threads.emplace_back([this] { work(); });
      collect();
    }
    if (error_) std::rethrow_exception(error_);
    result_.coverage = coverage_.estimate();
    result_.seconds = seconds();
    return std::move(result_);
  }

 private:
  /// Results wait here until those before them are known; so many at most, for the sake of memory.
  static constexpr u64 kAhead = 4096;

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  bool out_of_time() const {
    return (options_.interrupt != nullptr && options_.interrupt->load()) ||
           (options_.timeout_seconds > 0 && seconds() > options_.timeout_seconds);
  }

  void work() {
    for (;;) {
      u64 mine = 0;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        room_.wait(lock, [&] { return over_ || next_ < wanted_ + kAhead; });
        if (over_ || next_ >= options_.runs) return;
        mine = next_++;
      }
      Summary s;
      std::exception_ptr error;
      try {
        s = summary_of(run_once(target_, options_.strategy, result_.size, mine));
      } catch (...) {
        error = std::current_exception();
      }
      const std::lock_guard<std::mutex> lock(mutex_);
      if (error) {
        error_ = error;
        over_ = true;
      }
      ready_.emplace(mine, std::move(s));
      changed_.notify_one();
    }
  }

  /// Takes results in the order of their numbers.
  void collect() {
    std::unique_lock<std::mutex> lock(mutex_);
    double last = 0;
    while (wanted_ < options_.runs && !over_) {
      changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return over_ || ready_.count(wanted_) != 0; });
      const auto found = ready_.find(wanted_);
      if (!over_ && found != ready_.end()) {
        const Summary s = std::move(found->second);
        ready_.erase(found);
        ++wanted_;
        room_.notify_all();
        over_ = add(s);
      }
      if (!over_ && wanted_ < options_.runs && out_of_time()) {
        result_.stopped = true;
        over_ = true;
      }
      if (options_.progress && seconds() - last > 0.1) {
        last = seconds();
        options_.progress({result_.runs, coverage_.estimate(), last});
      }
    }
    over_ = true;
    room_.notify_all();
  }

  /// True if the hunt is over.
  bool add(const Summary& s) {
    ++result_.runs;
    result_.transitions += s.transitions;
    result_.given_up += !s.ended;
    if (s.ended) coverage_.add(s.fingerprint);
    if (s.finished) ++result_.outcomes[s.outcome];
    if (!s.failure) return false;
    result_.found = Found{result_.runs, *s.failure, s.outcome, s.path};
    return true;
  }

  const Target& target_;
  const HuntOptions& options_;
  Clock::time_point start_;
  HuntResult result_;
  Coverage coverage_;
  std::mutex mutex_;
  std::condition_variable changed_, room_;
  std::map<u64, Summary> ready_;
  u64 next_ = 0, wanted_ = 0;
  bool over_ = false;
  std::exception_ptr error_;
};

}  // namespace

HuntResult hunt(const Target& target, const HuntOptions& options) { return Campaign(target, options).run(); }

}  // namespace isobar::hunt
