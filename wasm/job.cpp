// Long work of a session without threads: it is done when the job is made. The page runs it in a worker, and ends the worker
// to cancel it.
#include "serve/job.h"

#include <new>
#include <utility>

#include "support/diagnostic.h"

#define ISOBAR_IMPORT(name) __attribute__((import_module("env"), import_name(name)))

/// Told about ten times a second how far the work is; the text is a report as docs/serve.md says.
extern "C" ISOBAR_IMPORT("isobar_progress") void isobar_progress(const char* report, std::size_t bytes);

namespace isobar::serve {

namespace {

constexpr std::size_t kPage = 65536;
/// The module can have at most 1 GiB (wasm/CMakeLists.txt). A search ends before that with what it has; what it does between
/// two reports of its progress needs less than the rest.
constexpr std::size_t kMostMemory = std::size_t{768} << 20;

bool memory_is_full() { return __builtin_wasm_memory_size(0) * kPage > kMostMemory; }

}  // namespace

Job::Job(std::string kind, Work work) : kind_(std::move(kind)) { run(work); }

Job::~Job() = default;

void Job::run(const Work& work) {
  try {
    result_ = work(*this);
    if (stop_ && result_.contains("reason")) result_["reason"] = "this page has no more memory";
  } catch (const InputError& e) {
    result_ = {{"error", e.what()}};
  } catch (const std::bad_alloc&) {
    result_ = {{"error", "this page has no more memory"}};
  } catch (const std::exception& e) {
    result_ = {{"error", std::string("internal error: ") + e.what()}};
  }
  running_ = false;
}

void Job::progress(const explore::Progress& p) {
  progress_ = p;
  if (memory_is_full()) stop_ = true;
  const std::string text = report().dump();
  isobar_progress(text.data(), text.size());
}

}  // namespace isobar::serve
