#include "tools/variation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <sstream>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "scenarios/import/litmus.h"
#include "support/diagnostic.h"

namespace isobar::tools {

namespace {

using namespace repair_cost;

/// `w` on another machine or with other words in memory; everything else, observables included, is the same.
Workload with_machine(const Workload& w, const model::MachineConfig& config, const model::Program& program) {
  Workload out = w;
  out.machine = std::make_shared<model::Machine>(config, program);
  return out;
}

std::string owner(const Workload& w, const CodeLine& c) {
  if (c.thread == kSharedCode) return "shared code";
  return w.scenario ? w.scenario->threads[c.thread].name : fmt::format("P{}", c.thread);
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\t', ' ');
  const std::size_t first = text.find_first_not_of(' ');
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return first == std::string::npos ? text : text.substr(first);
}

/// Under a kernel every thread chooses its own memory model.
bool has_kernel(const Workload& w) {
  return w.machine->program().has_kernel;
}

bool is_memory_access(u32 word) {
  const isa::Instruction& i = isa::decode_cached(word);
  return std::any_of(i.uops.begin(), i.uops.begin() + i.count, [](const isa::Uop& u) {
    return u.kind == isa::UopKind::Read || u.kind == isa::UopKind::Write;
  });
}

Overrides overrides_of(const Workload& w) {
  Overrides o = w.overrides;
  if (w.scenario)
    o.variants = w.variant.empty() ? std::vector<std::string>{} : std::vector<std::string>{w.variant};
  return o;
}

/// A litmus test with `barrier` in front of instruction `index` of a thread; labels there come before the
/// barrier.
Workload litmus_with_barrier(const Workload& w, const CodeLine& before, const std::string& barrier) {
  scenarios::LitmusTest test = scenarios::parse_litmus(w.text, w.file);
  for (scenarios::LitmusThread& t : test.threads) {
    if (t.number != before.thread) continue;
    const auto at = t.code.begin() + before.index;
    t.code.insert(at, {barrier, at->where});
    for (scenarios::LitmusLabel& l : t.labels) l.index += l.index > before.index ? 1 : 0;
  }
  scenarios::LitmusOptions options;
  options.variants = w.overrides.variants;
  options.tso = w.overrides.tso;
  options.tso_flavour = w.overrides.tso_flavour;
  auto program = std::make_shared<scenarios::LitmusProgram>(scenarios::build_litmus(test, options));
  Workload out = w;
  out.observables = program->observables;
  out.machine = std::make_shared<model::Machine>(program->config, program->program);
  out.litmus = std::move(program);
  return out;
}

/// The text of a scenario with `barrier;` in front of an instruction on its line.
Workload scenario_with_barrier(const Workload& w, const CodeLine& before, const std::string& barrier) {
  std::istringstream in(w.text);
  std::string text;
  u32 number = 0;
  for (std::string line; std::getline(in, line);) {
    if (++number == before.line && line.compare(before.column - 1, before.text.size(), before.text) == 0)
      line.insert(before.column - 1, barrier + "; ");
    text += line + "\n";
  }
  Workload out = parse_workloads(text, w.file, overrides_of(w)).front();
  // Code of several threads may be one YAML anchor: then this is not a change of one place.
  unsigned changed = 0;
  for (std::size_t t = 0; t < out.scenario->threads.size(); ++t)
    changed += out.scenario->threads[t].assembly.text != w.scenario->threads[t].assembly.text ? 1 : 0;
  for (std::size_t m = 0; m < out.scenario->memory.size(); ++m)
    changed += out.scenario->memory[m].assembly.text != w.scenario->memory[m].assembly.text ? 1 : 0;
  if (changed != 1)
    throw InputError(Diagnostic{{w.file, before.line, before.column}, "the code stands for several threads"});
  return out;
}

Workload with_barrier(const Workload& w, const CodeLine& before, const std::string& barrier) {
  return w.litmus ? litmus_with_barrier(w, before, barrier) : scenario_with_barrier(w, before, barrier);
}

void add_barriers(const Workload& w, const Listing& listing, const CodeLine& c, std::vector<Variation>& out) {
  if (c.line == 0 || (c.thread == kSharedCode && w.litmus)) return;
  for (const auto& [rank, text] : {std::pair{kDmbSt, "DMB ST"}, {kDmbLd, "DMB LD"}, {kDmbSy, "DMB SY"}}) {
    const std::string barrier = text;
    out.push_back({fmt::format("{}: {} before {}", owner(w, c), barrier, listing.instruction(c.pc, c.word)),
                   rank, barrier, [&w, c, barrier] { return with_barrier(w, c, barrier); }});
  }
}

void add_annotations(const Workload& w, const Listing& listing, const CodeLine& c,
                     std::vector<Variation>& out) {
  for (const Stronger& s : stronger_words(c.word)) {
    const bool pc_acquire = s.kind == Stronger::Kind::AcquirePc, acquire = s.kind == Stronger::Kind::Acquire;
    out.push_back({fmt::format("{}: {} becomes {}", owner(w, c), listing.instruction(c.pc, c.word),
                               one_line(isa::disassemble(s.word, c.pc))),
                   pc_acquire ? kLdapr
                   : acquire  ? kLdar
                              : kStlr,
                   pc_acquire ? "acquire (RCpc)"
                   : acquire  ? "acquire"
                              : "release",
                   [&w, pc = c.pc, word = s.word] { return with_word(w, pc, word); }});
  }
}

}  // namespace

Workload with_word(const Workload& w, u64 pc, u32 word) {
  model::Program program = w.machine->program();
  set_word(program, pc, word);
  return with_machine(w, w.machine->config(), program);
}

Workload with_tso(const Workload& w, unsigned core, bool on) {
  model::MachineConfig config = w.machine->config();
  model::CoreConfig& c = config.core[core];
  if (on) {
    if (c.tso != model::TsoSupport::Fixed) c.tso = model::TsoSupport::Actlr;
  } else if (c.tso == model::TsoSupport::Fixed) {
    c.tso = model::TsoSupport::Actlr;
  }
  c.tso_at_reset = on;
  return with_machine(w, config, w.machine->program());
}

bool starts_with_tso(const model::CoreConfig& c) {
  return c.tso == model::TsoSupport::Fixed || (c.tso != model::TsoSupport::None && c.tso_at_reset);
}

std::vector<Variation> weakenings(const Workload& w, const Listing& listing) {
  std::vector<Variation> out;
  for (const CodeLine& c : listing.code()) {
    for (const u32 word : weaker_words(c.word)) {
      out.push_back({fmt::format("{}: {} becomes {}", owner(w, c), listing.instruction(c.pc, c.word),
                                 one_line(isa::disassemble(word, c.pc))),
                     0, "", [&w, pc = c.pc, word] { return with_word(w, pc, word); }});
    }
  }
  for (unsigned core = 0; core < w.machine->config().cores && !has_kernel(w); ++core) {
    if (!starts_with_tso(w.machine->config().core[core])) continue;
    out.push_back({fmt::format("{}: TSO off", listing.core(core)), 0, "",
                   [&w, core] { return with_tso(w, core, false); }});
  }
  return out;
}

std::vector<Variation> strengthenings(const Workload& w, const Listing& listing) {
  std::vector<Variation> out;
  for (const CodeLine& c : listing.code()) {
    if (!is_memory_access(c.word)) continue;
    add_barriers(w, listing, c, out);
    add_annotations(w, listing, c, out);
  }
  for (unsigned core = 0; core < w.machine->config().cores && !has_kernel(w); ++core) {
    if (starts_with_tso(w.machine->config().core[core])) continue;
    out.push_back({fmt::format("{}: TSO on", listing.core(core)), kTso, "TSO",
                   [&w, core] { return with_tso(w, core, true); }});
  }
  std::vector<Variation> by_cost;
  for (unsigned rank = kDmbSt; rank <= kTso; ++rank) {
    std::copy_if(out.begin(), out.end(), std::back_inserter(by_cost),
                 [rank](const Variation& v) { return v.rank == rank; });
  }
  return by_cost;
}

}  // namespace isobar::tools
