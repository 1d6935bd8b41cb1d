// What a job tells, whether it runs in a thread of its own or in a page (wasm/job.cpp).
#include "serve/job.h"

namespace isobar::serve {

void Job::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  note_ = text;
}

Job::Json Job::report() const {
  const std::lock_guard lock(mutex_);
  Json out = {{"kind", kind_},
              {"running", running_.load()},
              {"states", progress_.states},
              {"done", progress_.done},
              {"seconds", progress_.seconds},
              {"note", note_}};
  if (!running_) out["result"] = result_;
  return out;
}

}  // namespace isobar::serve
