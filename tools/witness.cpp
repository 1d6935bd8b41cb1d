#include "tools/witness.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "axiomatic/dot.h"
#include "axiomatic/judge.h"
#include "crosscheck/second_route.h"
#include "isa/assembler.h"
#include "model/machine/recorder.h"
#include "support/diagnostic.h"
#include "tools/files.h"
#include "tools/recording.h"

namespace isobar::tools {

namespace {

namespace fs = std::filesystem;

axiomatic::Verdict judge_witness(const Workload& w, const StateLine& state) {
  model::Recorder recorder(*w.machine);
  const model::MachineState end = run_steps(w, untimed(state.witness), &recorder);
  return axiomatic::judge(recorder.finish(end), crosscheck::judge_options(w.machine->config()));
}

/// `name` as part of a file name: what is not a letter, digit, '.', '+' or '-' becomes '_'.
std::string file_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '+' || c == '-';
    out += plain ? c : '_';
  }
  return out;
}

bool has_graphviz() {
  static const bool found = std::system("command -v dot >/dev/null 2>&1") == 0;
  return found;
}

/// Draws `dot` with Graphviz into the file `path`; the name has no character that a shell would read.
bool draw(const std::string& dot, const fs::path& path) {
  const std::string command = "dot -Tsvg -o '" + path.string() + "'";
  std::FILE* pipe = path.string().find('\'') == std::string::npos ? popen(command.c_str(), "w") : nullptr;
  if (pipe == nullptr) return false;
  std::fwrite(dot.data(), 1, dot.size(), pipe);
  return pclose(pipe) == 0;
}

void create_folder(const std::string& folder) {
  if (folder.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError(Diagnostic{{folder, 0, 0}, "cannot create the folder: " + error.message()});
}

std::string dot_text(const WitnessOptions& options, const axiomatic::Verdict& verdict) {
  axiomatic::DotOptions dot;
  if (!options.relations.empty()) axiomatic::select_relations(options.relations, dot);
  dot.disassemble = isa::disassemble;
  if (!verdict.consistent) dot.highlight = &verdict.violation;
  return axiomatic::to_dot(verdict.program, dot);
}

void keep_graph(const WitnessOptions& options, const axiomatic::Verdict& verdict, const std::string& name,
                std::vector<std::string>& written) {
  const std::string text = dot_text(options, verdict);
  const auto write = [&](const fs::path& path) {
    write_file(path.string(), text);
    written.push_back(path.string());
  };
  if (!options.dot_folder.empty()) write(fs::path(options.dot_folder) / (name + ".dot"));
  if (options.svg_folder.empty()) return;
  const fs::path svg = fs::path(options.svg_folder) / (name + ".svg");
  if (!has_graphviz()) {
    static std::once_flag said;
    std::call_once(said, [] {
      std::fprintf(stderr, "isobar: Graphviz ('dot') is not installed: DOT is written instead of SVG\n");
    });
    write(fs::path(options.svg_folder) / (name + ".dot"));
  } else if (draw(text, svg)) {
    written.push_back(svg.string());
  } else {
    throw InputError(Diagnostic{{svg.string(), 0, 0}, "Graphviz could not draw this file"});
  }
}

}  // namespace

void prepare(const WitnessOptions& options) {
  axiomatic::DotOptions dot;
  if (!options.relations.empty() && !axiomatic::select_relations(options.relations, dot)) {
    throw InputError(
        Diagnostic{{},
                   fmt::format("--relations {}: expected names out of po, rf, co, fr, rmw, addr, data, "
                               "ctrl, barriers, separated by commas",
                               options.relations)});
  }
  create_folder(options.trace_folder);
  create_folder(options.dot_folder);
  create_folder(options.svg_folder);
}

void keep_witnesses(const WitnessOptions& options, const Workload& w, const std::vector<StateLine>& states,
                    CaseReport& report) {
  if (!options.wanted()) return;
  const std::string beyond = crosscheck::beyond_axioms(*w.machine);
  const bool wants_verdict = options.judge || !options.dot_folder.empty() || !options.svg_folder.empty();
  if (wants_verdict && !beyond.empty()) report.text += fmt::format("Not judged: the judge does not know {}\n", beyond);
  std::vector<std::string> written;
  std::size_t consistent = 0;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const std::string name =
        fmt::format("{}-{}", file_name(w.variant.empty() ? w.name : w.name + "-" + w.variant), i + 1);
    if (!options.trace_folder.empty()) {
      const fs::path path = fs::path(options.trace_folder) / (name + ".trace");
      write_file(path.string(), to_text(make_trace(w, "search", 0, untimed(states[i].witness), true)));
      written.push_back(path.string());
    }
    if (!wants_verdict || !beyond.empty()) continue;
    const axiomatic::Verdict verdict = judge_witness(w, states[i]);
    keep_graph(options, verdict, name, written);
    if (verdict.consistent) {
      ++consistent;
    } else if (options.judge) {
      report.verdict = Verdict::Internal;
      report.findings.push_back(
          fmt::format("the axioms forbid state {} ({}): {}", i + 1, states[i].text, verdict.text));
      report.text += report.findings.back() + "\n";
    }
  }
  for (const std::string& path : written) report.text += "Wrote " + path + "\n";
  if (!written.empty()) report.json["files"] = written;
  if (options.judge && beyond.empty()) {
    report.text +=
        fmt::format("Judge {} of {} states are consistent with the axioms\n", consistent, states.size());
    report.json["judged_consistent"] = consistent;
  }
}

void keep_warning_witnesses(const WitnessOptions& options, const Workload& w, const std::vector<Warning>& warnings,
                            CaseReport& report) {
  if (options.trace_folder.empty()) return;
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    const Warning& f = warnings[i];
    if (f.witness.empty()) continue;
    const std::string name = file_name(w.variant.empty() ? w.name : w.name + "-" + w.variant);
    const std::string path =
        (fs::path(options.trace_folder) / fmt::format("{}-flag-{}.trace", name, f.word)).string();
    write_file(path, to_text(make_trace(w, "search", 0, untimed(f.witness), true)));
    report.text += "Wrote " + path + "\n";
    report.json["flags"][i]["trace"] = path;
  }
}

}  // namespace isobar::tools
