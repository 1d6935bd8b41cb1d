#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "tools/command.h"
#include "tools/files.h"
#include "tools/recording.h"
#include "viewers/timeline.h"

namespace isobar::tools {

namespace {

using Writer = std::string (*)(const viewers::Timeline&);
const std::map<std::string, Writer>& writers() {
  static const std::map<std::string, Writer> all = {{"kanata", viewers::to_kanata},
                                                    {"perfetto", viewers::to_perfetto},
                                                    {"vcd", viewers::to_vcd},
                                                    {"commits", viewers::to_commit_log}};
  return all;
}

struct ExportOptions {
  std::string format;
  std::string trace;
  std::string output = "-";
};

ExitStatus export_trace(const ExportOptions& options) {
  std::istringstream in(read_file(options.trace));
  const trace::Trace t = trace::read_trace(in, options.trace);
  const Workload w = workload_of(t, options.trace);
  write_file(options.output, writers().at(options.format)(viewers::make_timeline(w, steps_of(t, options.trace))));
  return ExitStatus::AsExpected;
}

}  // namespace

void add_export(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("export", "Write a recorded run for viewers: Perfetto, Konata, GTKWave, a log");
  auto options = std::make_shared<ExportOptions>();
  sub->add_option("FORMAT", options->format, "perfetto, kanata (Konata), vcd (GTKWave) or commits (a line per instruction)")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"perfetto", "kanata", "vcd", "commits"}).description(""));
  sub->add_option("TRACE", options->trace, "Trace written by run --trace, explore --witness or step")
      ->type_name("")
      ->required();
  sub->add_option("-o,--output", options->output, "File to write (default: standard output)")->type_name("FILE");
  sub->callback([&chosen, options] { chosen = [options] { return export_trace(*options); }; });
}

}  // namespace isobar::tools
