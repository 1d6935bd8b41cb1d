#include "serve/job.h"

#include <exception>
#include <utility>

#include "support/diagnostic.h"

namespace isobar::serve {

Job::Job(std::string kind, Work work)
    : kind_(std::move(kind)), thread_([this, todo = std::move(work)] { run(todo); }) {}

Job::~Job() {
  cancel();
  thread_.join();
}

void Job::run(const Work& work) {
  Json result;
  try {
    result = work(*this);
  } catch (const InputError& e) {
    result = {{"error", e.what()}};
  } catch (const std::exception& e) {
    result = {{"error", std::string("internal error: ") + e.what()}};
  }
  const std::lock_guard lock(mutex_);
  result_ = std::move(result);
  running_ = false;
}

void Job::progress(const explore::Progress& p) {
  const std::lock_guard lock(mutex_);
  progress_ = p;
}

}  // namespace isobar::serve
