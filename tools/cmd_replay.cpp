#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "explore/search.h"
#include "support/diagnostic.h"
#include "tools/code_report.h"
#include "tools/command.h"
#include "tools/exploration.h"
#include "tools/files.h"
#include "tools/recording.h"
#include "tools/warnings.h"

namespace isobar::tools {

namespace {

struct ReplayOptions {
  std::vector<std::string> files;
  bool json = false;
  bool steps = false;
};

/// What running a trace again came to.
struct Replay {
  std::size_t steps = 0;
  std::string problem;  ///< why it is not the same run; empty if it is
  std::string state;
  std::vector<std::string> flags;
  std::string code_text;  ///< what it did with code that it modified
  nlohmann::ordered_json code;
  Digest digest;
};

Replay replay(const Workload& w, const trace::Trace& t, const std::string& file, bool print_steps) {
  Replay r;
  Repeater repeater(w);
  CodeReport code(w, [&]() -> const model::MachineState& { return repeater.state(); });
  for (const Step& step : steps_of(t, file)) {
    if (!repeater.take(step, &code)) {
      const u32 line = r.steps < t.line.size() ? t.line[r.steps] : 0;
      r.problem =
          fmt::format("line {}: the machine does not allow this step: {}", line, describe(step.transition));
      break;
    }
    ++r.steps;
    if (print_steps)
      std::printf("%6zu %8llu  %s\n", r.steps, static_cast<unsigned long long>(step.time),
                  describe(step.transition).c_str());
  }
  r.digest = model::digest(repeater.state());
  r.flags = warning_names(repeater.state());
  r.code_text = code.text();
  r.code = code.json();
  r.state = state_text(w, explore::observe(*w.machine, repeater.state(), w.observables));
  if (r.problem.empty() && !t.footer) r.problem = "the trace has no last line: it was cut off";
  if (r.problem.empty() && t.footer->digest != r.digest) {
    r.problem = "the digest differs: recorded " + trace::to_text(t.footer->digest);
  }
  return r;
}

ExitStatus replay_file(const ReplayOptions& options, const std::string& file) {
  std::istringstream in(read_file(file));
  const trace::Trace t = trace::read_trace(in, file);
  const Workload w = workload_of(t, file);
  const Replay r = replay(w, t, file, options.steps);
  const bool same = r.problem.empty();
  if (options.json) {
    const nlohmann::ordered_json object = {{"format", "isobar-replay/1"},
                                           {"file", file},
                                           {"name", w.name},
                                           {"variant", w.variant},
                                           {"transitions", r.steps},
                                           {"state", r.state},
                                           {"flags", r.flags},
                                           {"code", r.code},
                                           {"digest", trace::to_text(r.digest)},
                                           {"same", same},
                                           {"reason", r.problem}};
    std::printf("%s\n", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::printf("Replay %s\n%s\n", w.title().c_str(), spaced(r.state).c_str());
    for (const std::string& flag : r.flags) std::printf("Flag %s\n", flag.c_str());
    std::printf("%s", r.code_text.c_str());
    std::printf("Transitions %zu\nDigest %s\n%s\n", r.steps, trace::to_text(r.digest).c_str(),
                same ? "Same" : ("Different: " + r.problem).c_str());
  }
  return same ? ExitStatus::AsExpected : ExitStatus::Differs;
}

}  // namespace

void add_replay(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("replay", "Run a recorded schedule again, to the same digest");
  auto options = std::make_shared<ReplayOptions>();
  sub->add_option("TRACE", options->files, "Traces written by run --trace or explore --witness")
      ->type_name("")
      ->required();
  sub->add_flag("--json", options->json, "One JSON object per line (docs/output.md)");
  sub->add_flag("--steps", options->steps, "Print every transition");
  sub->callback([&chosen, options] {
    chosen = [options] {
      ExitStatus status = ExitStatus::AsExpected;
      for (const std::string& file : options->files) status = worst(status, replay_file(*options, file));
      return status;
    };
  });
}

}  // namespace isobar::tools
