// What the page asks and what it is answered: sessions that are opened, commands, searches. Documented in docs/serve.md.
//
// Owns: sessions and their bounds. Must not know: HTTP, the judge (its opinion comes in through Analysis).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "explore/search.h"
#include "session/workload.h"
#include "support/types.h"

namespace isobar::serve {

inline constexpr const char* kSessionFormat = "isobar-session/1";

/// The same test with one thing changed.
struct Change {
  std::string what;   ///< "writer: DMB ISH (line 8) -> NOP"
  std::string group;  ///< "weaker", "stronger", "tso" or "machine"
  std::function<session::Workload()> make;  ///< may throw InputError; must not refer to the workload it changes
};

/// Something about a test that can be set independently of the others.
struct Switch {
  std::string what;                 ///< "writer: TSO", "writer: DMB ISH (line 8)", "machine"
  std::string group;                ///< "machine", "tso" or "code"
  std::vector<std::string> values;  ///< the first is what the test has
  /// A workload, in which other switches may be set already, with values[value]. May throw InputError.
  std::function<session::Workload(const session::Workload&, std::size_t value)> set;
};

/// What the server is told by those who know more than it.
struct Analysis {
  std::function<std::vector<Change>(const session::Workload&)> changes;
  /// To be set in this order.
  std::function<std::vector<Switch>(const session::Workload&)> switches;
  /// Why no run of a workload ends in `outcome` (empty: what the test is about), given a complete search of it.
  std::function<nlohmann::ordered_json(const session::Workload&, const std::string& outcome,
                                       const explore::SearchResult&)>
      why_forbidden;
};

/// A test that the page offers.
struct Example {
  std::string name, file, text;
  nlohmann::ordered_json lesson;  ///< what the page says about it; null if it is no lesson
};

struct ServiceLimits {
  std::size_t sessions = 32;       ///< one more closes the one that was used longest ago
  std::size_t text_bytes = 256 << 10;
  std::size_t recorded_steps = 500;
  u64 states = 500'000;            ///< of a search
  double seconds = 120;            ///< of a search
  std::size_t combinations = 256;  ///< of switches, in one request
};

struct Answer {
  int status = 200;
  nlohmann::ordered_json json;
};

class Service {
 public:
  using Json = nlohmann::ordered_json;

  Service(Analysis analysis, std::vector<Example> examples, ServiceLimits limits = {});
  ~Service();

  /// `path` is what follows "/api/". Never throws for what the request says: the answer has "error" and "diagnostics" then.
  /// May be called from several threads.
  Answer handle(const std::string& path, const std::string& body);

 private:
  struct Session;
  using Pointer = std::shared_ptr<Session>;

  Json dispatch(const std::string& path, const Json& request);
  Json open(const Json& request);
  Json kit(const Json& request) const;
  Json command(Session& s, const Json& request);
  Json start(const Pointer& s, const std::string& kind, const Json& request);
  Json record(Session& s) const;
  /// nullptr if there is no such session.
  Pointer find_if_open(const Json& request);
  Pointer find(const Json& request);
  void insert(const Pointer& s);

  Analysis analysis_;
  std::vector<Example> examples_;
  ServiceLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Pointer> sessions_;
  u64 clock_ = 0;
};

}  // namespace isobar::serve
