#include "tools/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/systemc/pipeline.h"
#include "scenarios/import/x86_program.h"
#include "scenarios/mapping/translate.h"
#include "support/diagnostic.h"
#include "tools/files.h"
#include "tools/mapping_suite.h"
#include "tools/timed.h"

namespace isobar::tools {

namespace {

constexpr unsigned kMaxIterations = 100'000;
constexpr unsigned kLineBytes = 64;
constexpr unsigned kMostInFlight = 64;
constexpr unsigned kStarts = 4;      ///< of workloads with several threads
constexpr double kSmallest = 0.005;  ///< that is printed as a number

[[noreturn]] void wrong(const std::string& file, const scenarios::LitmusPosition& where, const std::string& message) {
  throw InputError(Diagnostic{{file, where.line, where.column}, message});
}

void read_header(const scenarios::LitmusInfo& info, CostWorkload& w) {
  if (info.key == "Iterations") {
    const bool digits = !info.value.empty() && info.value.size() <= 6 &&
                        std::all_of(info.value.begin(), info.value.end(), [](char c) { return c >= '0' && c <= '9'; });
    const unsigned n = digits ? static_cast<unsigned>(std::stoul(info.value)) : 0;
    if (n < 1 || n > kMaxIterations)
      wrong(w.file, info.value_where, fmt::format("Iterations must be 1 to {}, not '{}'", kMaxIterations, info.value));
    w.iterations = n;
  } else if (info.key == "Data") {
    if (info.value != "near" && info.value != "far")
      wrong(w.file, info.value_where, fmt::format("Data must be near or far, not '{}'", info.value));
    w.near = info.value == "near";
  } else {
    wrong(w.file, info.where, fmt::format("unknown key '{}'; expected Iterations or Data", info.key));
  }
}

constexpr unsigned kCounter = 28;  ///< of a workload for AArch64

scenarios::LitmusDeclaration counter(const CostWorkload& w, unsigned thread, u64 iterations) {
  scenarios::LitmusDeclaration d;
  d.place.thread = thread;
  d.place.name = w.translated ? "rcx" : fmt::format("X{}", kCounter);
  d.value.emplace();
  d.value->number = iterations;
  return d;
}

/// How often a workload runs, with other times at which its threads start. Who comes first at a line that
/// they share depends on them, and what one start gives says little.
unsigned starts(const CostWorkload& w) {
  return w.test.threads.size() > 1 ? kStarts : 1;
}

/// Of all starts.
struct CostTotals {
  u64 ticks = 0, instructions = 0;
  systemc::CycleCount causes{};  ///< of all threads
};

/// What runs; `text` is it as a litmus test.
scenarios::LitmusProgram program_of(const CostWorkload& w, const scenarios::Mapping* mapping, u64 iterations,
                                    std::string& text) {
  scenarios::LitmusTest test = w.test;
  test.info.clear();
  for (const scenarios::LitmusThread& t : test.threads) test.init.push_back(counter(w, t.number, iterations));
  if (mapping == nullptr) {
    scenarios::LitmusOptions options;
    options.line_bytes = kLineBytes;
    text = w.text;
    return scenarios::build_litmus(test, options);
  }
  const scenarios::X86Program x86 = scenarios::build_x86(test);
  scenarios::Translation t = scenarios::translate(x86, *mapping);
  t.options.line_bytes = kLineBytes;
  text = scenarios::litmus_text(t, *mapping);
  return scenarios::build_translation(x86, t);
}

CostTotals run_cost(const CostWorkload& w, const scenarios::Mapping* mapping,
                    const systemc::PlatformConfig& platform, u64 iterations, ProgressLine& progress) {
  Workload one;
  scenarios::LitmusProgram p = program_of(w, mapping, iterations, one.text);
  p.config.speculation = model::Speculation::Squash;
  p.config.window = p.config.max_guesses = p.config.max_iterations = kMostInFlight;
  one.file = w.file;
  one.name = w.name;
  one.machine = std::make_shared<model::Machine>(p.config, p.program);
  one.observables = p.observables;
  one.litmus = std::make_shared<scenarios::LitmusProgram>(std::move(p));
  CostTotals sum;
  for (u64 seed = 1; seed <= starts(w); ++seed) {
    const TimedReport r = run_timed(one, seed, {}, false, progress, nullptr, &platform);
    if (!r.limit.empty() || r.deadlocked)
      throw InputError(Diagnostic{{w.file, 0, 0},
                                  fmt::format("{}the workload does not end: {}",
                                              mapping == nullptr ? "" : "under " + mapping->name + " ",
                                              r.deadlocked ? "deadlock" : r.limit)});
    sum.ticks += r.ticks;
    sum.instructions += r.instructions;
    for (const systemc::CycleCount& core : r.cycles)
      for (std::size_t k = 0; k < core.size(); ++k) sum.causes[k] += core[k];
  }
  return sum;
}

}  // namespace

CostWorkload parse_cost_workload(const std::string& text, const std::string& file) {
  CostWorkload w;
  w.file = file;
  w.text = text;
  w.test = scenarios::parse_litmus(text, file);
  w.name = w.test.name;
  w.description = w.test.description;
  w.translated = scenarios::is_x86(w.test);
  for (const scenarios::LitmusInfo& i : w.test.info) read_header(i, w);
  if (w.iterations == 0) wrong(file, {}, "expected a header line Iterations=N");
  for (const scenarios::LitmusDeclaration& d : w.test.init) {
    if (d.place.kind != scenarios::LitmusPlace::Kind::Register) continue;
    if (!w.translated) {
      if (isa::parse_register(d.place.name) == isa::x_reg(kCounter))
        wrong(file, d.place.where,
              fmt::format("X{} is the number of iterations and cannot be set", kCounter));
      continue;
    }
    const auto r = scenarios::parse_x86_register(d.place.name);
    if (r && r->kind == scenarios::X86Operand::Kind::Register && r->reg == scenarios::kX86Rcx)
      wrong(file, d.place.where, "RCX is the number of iterations and cannot be set");
  }
  return w;
}

std::vector<std::string> find_cost_workloads(const std::vector<std::string>& names) {
  const std::string folder = data_folder() + "/timing/workloads";
  std::vector<std::string> paths;
  for (const std::string& n : names) {
    const bool plain = n.find('/') == std::string::npos && !has_extension(n, ".litmus") && n != "-";
    paths.push_back(plain ? folder + "/" + n + ".litmus" : n);
  }
  return expand_paths(names.empty() ? std::vector<std::string>{folder} : paths, {".litmus"});
}

Cost measure_cost(const CostWorkload& w, const scenarios::Mapping* mapping, const Timing& timing,
                  ProgressLine& progress) {
  Cost c;
  try {
    systemc::PlatformConfig platform = timing.quiet(w.near);
    if (starts(w) > 1) platform.start_skew = timing.platform.start_skew;
    const CostTotals once = run_cost(w, mapping, platform, w.iterations, progress);
    const CostTotals twice = run_cost(w, mapping, platform, 2 * u64{w.iterations}, progress);
    const auto per_iteration = [&](u64 more, u64 less) {
      return (static_cast<double>(more) - static_cast<double>(less)) / w.iterations / starts(w);
    };
    c.ticks = per_iteration(twice.ticks, once.ticks);
    c.instructions = per_iteration(twice.instructions, once.instructions);
    for (std::size_t k = 0; k < once.causes.size(); ++k)
      c.causes.push_back(per_iteration(twice.causes[k], once.causes[k]) / static_cast<double>(w.test.threads.size()));
  } catch (const scenarios::UnsupportedError& e) {
    c.unsupported = e.reason();
  }
  return c;
}

std::string cost_text(const CostTable& t) {
  const CostWorkload& w = *t.workload;
  std::string out = fmt::format("{} on {}: {} thread{}, {}, {} iterations, cycles per iteration\n", w.name,
                                t.timing->name, w.test.threads.size(), w.test.threads.size() == 1 ? "" : "s",
                                w.near ? "L2 behind the L1" : "memory behind the L1", w.iterations);
  out += fmt::format("  {:<20} {:>8} {:>6} {:>6} ", "mapping", "cycles", "ratio", "insns");
  for (std::size_t k = 0; k < systemc::kCauses; ++k)
    out += fmt::format(" {:>9}", systemc::name(static_cast<systemc::Cause>(k)));
  out += "\n";
  for (std::size_t m = 0; m < t.costs.size(); ++m) {
    const Cost& c = t.costs[m];
    out += fmt::format("  {:<20} ", t.mappings[m]);
    if (!c.unsupported.empty()) {
      out += "unsupported: " + c.unsupported + "\n";
      continue;
    }
    out += fmt::format("{:>8.2f} {:>6.2f} {:>6.1f} ", c.ticks, c.ticks / t.plain.ticks, c.instructions);
    for (const double share : c.causes)
      out += std::abs(share) < kSmallest ? fmt::format(" {:>9}", ".") : fmt::format(" {:>9.2f}", share);
    out += "\n";
  }
  return out;
}

std::string cost_lines(const CostTable& t) {
  std::string out;
  for (std::size_t m = 0; m < t.costs.size(); ++m) {
    const Cost& c = t.costs[m];
    nlohmann::ordered_json j{{"format", kCostFormat},
                             {"workload", t.workload->name},
                             {"file", t.workload->file},
                             {"timing", t.timing->name},
                             {"mapping", t.mappings[m]},
                             {"status", c.unsupported.empty() ? "ok" : "unsupported"}};
    if (c.unsupported.empty()) {
      j.update({{"threads", t.workload->test.threads.size()},
                {"iterations", t.workload->iterations},
                {"cycles", c.ticks},
                {"ratio", c.ticks / t.plain.ticks},
                {"instructions", c.instructions}});
      auto& causes = j["causes"] = nlohmann::ordered_json::object();
      for (std::size_t k = 0; k < c.causes.size(); ++k)
        causes[std::string(systemc::name(static_cast<systemc::Cause>(k)))] = c.causes[k];
    } else {
      j["reason"] = c.unsupported;
    }
    out += j.dump() + "\n";
  }
  return out;
}

namespace {

/// Of one mapping, the `m`th of all tables.
struct CostMean {
  double logarithms = 0;
  unsigned workloads = 0;
  double ratio() const { return std::exp(logarithms / workloads); }
};

CostMean mean_of(const std::vector<CostTable>& tables, std::size_t m) {
  CostMean mean;
  for (const CostTable& t : tables) {
    if (!t.costs[m].unsupported.empty()) continue;
    mean.logarithms += std::log(t.costs[m].ticks / t.plain.ticks);
    ++mean.workloads;
  }
  return mean;
}

}  // namespace

std::string mean_text(const std::vector<CostTable>& tables) {
  std::string out = fmt::format("geometric mean of the ratios on {}\n  {:<20} {:>6} {:>9}\n", tables.front().timing->name, "mapping",
                                "ratio", "workloads");
  for (std::size_t m = 0; m < tables.front().mappings.size(); ++m) {
    const CostMean mean = mean_of(tables, m);
    if (mean.workloads != 0) out += fmt::format("  {:<20} {:>6.3f} {:>9}\n", tables.front().mappings[m], mean.ratio(), mean.workloads);
  }
  return out;
}

std::string mean_lines(const std::vector<CostTable>& tables) {
  std::string out;
  for (std::size_t m = 0; m < tables.front().mappings.size(); ++m) {
    const CostMean mean = mean_of(tables, m);
    if (mean.workloads == 0) continue;
    const nlohmann::ordered_json j{{"format", kCostFormat},
                                   {"timing", tables.front().timing->name},
                                   {"mapping", tables.front().mappings[m]},
                                   {"status", "mean"},
                                   {"workloads", mean.workloads},
                                   {"ratio", mean.ratio()}};
    out += j.dump() + "\n";
  }
  return out;
}

}  // namespace isobar::tools
