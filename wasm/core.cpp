// What the page calls: it puts a text into the buffer, asks, and reads the answer from the buffer.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "serve/service.h"
#include "support/diagnostic.h"
#include "tools/session_analysis.h"
#include "wasm/kit.h"

#define ISOBAR_EXPORT(name) __attribute__((export_name(name), used))

namespace isobar::wasm {

namespace {

using Json = nlohmann::ordered_json;

struct Core {
  session::Kit kit;
  serve::Service service;
  std::string buffer;
};

/// Smaller than the server's: the memory of a page has its own bound (wasm/job.cpp), and one page has one test.
serve::ServiceLimits core_limits() {
  serve::ServiceLimits limits;
  limits.sessions = 4;
  return limits;
}

Core& core() {
  static Core all{{}, serve::Service(tools::session_analysis(), {}, core_limits()), {}};
  return all;
}

}  // namespace

const session::Kit& kit() { return core().kit; }

extern "C" {

/// Makes room for a text of `bytes` and returns where it goes.
ISOBAR_EXPORT("isobar_buffer") char* isobar_buffer(std::size_t bytes) {
  core().buffer.resize(bytes);
  return core().buffer.data();
}

/// Bytes of the answer; isobar_answer() is where it is.
ISOBAR_EXPORT("isobar_size") std::size_t isobar_size() { return core().buffer.size(); }
ISOBAR_EXPORT("isobar_answer") const char* isobar_answer() { return core().buffer.data(); }

/// Takes the kit in the buffer. False, with the reason as the answer, if it is none.
ISOBAR_EXPORT("isobar_load") bool isobar_load() {
  try {
    core().kit = session::kit_of(Json::parse(core().buffer));
    return true;
  } catch (const std::exception& e) {
    core().buffer = e.what();
    return false;
  }
}

/// Answers the request in the buffer, {"path", "body"}, as docs/serve.md says. Returns the status.
ISOBAR_EXPORT("isobar_handle") int isobar_handle() {
  try {
    const Json request = Json::parse(core().buffer);
    serve::Answer a = core().service.handle(request.at("path"), request.at("body").dump());
    core().buffer = a.json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return a.status;
  } catch (const std::exception& e) {
    core().buffer = Json{{"error", e.what()}, {"diagnostics", nullptr}}.dump();
    return 500;
  }
}

}  // extern "C"

}  // namespace isobar::wasm
