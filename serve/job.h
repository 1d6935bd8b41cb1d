// Long work of a session in a thread of its own: it says how far it is and can be told to stop.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "explore/search.h"

namespace isobar::serve {

class Job {
 public:
  using Json = nlohmann::ordered_json;
  /// Does the work and returns its result. May throw InputError, which becomes {"error": ...}.
  using Work = std::function<Json(Job&)>;

  Job(std::string kind, Work work);
  /// Stops the work and waits for it.
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  void cancel() { stop_ = true; }
  /// {"kind", "running", "states", "done", "seconds", "note"} and, once it has ended, "result".
  Json report() const;
  bool running() const { return running_; }

  // For the work itself.
  const std::atomic<bool>& stop() const { return stop_; }
  void progress(const explore::Progress& p);
  void note(const std::string& text);

 private:
  void run(const Work& work);

  std::string kind_;
  std::atomic<bool> stop_{false}, running_{true};
  mutable std::mutex mutex_;
  explore::Progress progress_;
  std::string note_;
  Json result_;
  std::thread thread_;
};

}  // namespace isobar::serve
