#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "serve/export_page.h"
#include "serve/page.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/recording.h"
#include "tools/session_analysis.h"
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

/// The file that the page of `isobar serve` exports, at this run.
std::string exported_run(const Workload& w, const std::vector<Step>& steps, const std::string& file) {
  const auto refuse = [&file](const std::string& why) {
    throw InputError(Diagnostic{{file, 0, 0}, "this run cannot be shown in a page: " + why});
  };
  const Overrides& o = w.overrides;
  if (o.guesses == Guesses::Squash) refuse("it is a timed one");
  if ((w.litmus && !o.variants.empty()) || o.tso || o.tso_flavour) refuse("its machine was changed on the command line");
  nlohmann::ordered_json request = {
      {"text", w.text}, {"file", w.file}, {"variant", w.variant}, {"steps", nlohmann::ordered_json::array()}};
  for (const Step& s : steps) {
    request["steps"].push_back(
        {s.transition.core, static_cast<unsigned>(s.transition.kind), s.transition.slot, s.transition.choice});
  }
  serve::Service service(session_analysis(), {});
  const serve::Answer a = serve::export_page(service, request.dump());
  if (a.status != 200) refuse(a.json["error"]);
  if (serve::core().empty())
    std::fprintf(stderr, "isobar: this command was built without the core (docs/serve.md): the page only shows the run\n");
  return a.json["page"];
}

ExitStatus export_trace(const ExportOptions& options) {
  std::istringstream in(read_file(options.trace));
  const trace::Trace t = trace::read_trace(in, options.trace);
  const Workload w = workload_of(t, options.trace);
  if (options.format == "page") {
    write_file(options.output, exported_run(w, steps_of(t, options.trace), options.trace));
    return ExitStatus::AsExpected;
  }
  write_file(options.output, writers().at(options.format)(viewers::make_timeline(w, steps_of(t, options.trace))));
  return ExitStatus::AsExpected;
}

}  // namespace

void add_export(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("export", "Write a recorded run for viewers: Perfetto, Konata, GTKWave, HTML, a log");
  auto options = std::make_shared<ExportOptions>();
  sub->add_option("FORMAT", options->format, "perfetto, kanata (Konata), vcd (GTKWave), page (HTML) or commits (log)")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"perfetto", "kanata", "vcd", "page", "commits"}).description(""));
  sub->add_option("TRACE", options->trace, "Trace written by run --trace, explore --witness or step")
      ->type_name("")
      ->required();
  sub->add_option("-o,--output", options->output, "File to write (default: standard output)")->type_name("FILE");
  sub->callback([&chosen, options] { chosen = [options] { return export_trace(*options); }; });
}

}  // namespace isobar::tools
