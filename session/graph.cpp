#include "session/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "isa/decoder.h"
#include "model/machine/recorder.h"

namespace isobar::session {

namespace {

using trace::AccessRecord;

class Builder {
 public:
  Builder(const Listing& listing, const trace::Execution& e) : listing_(listing), e_(e) {}

  Graph run() {
    node_of_write_.assign(e_.writes.size(), kNone);
    for (unsigned core = 0; core < e_.core.size(); ++core) events(core);
    coherence();
    for (const Reading& r : readings_) reads_from(r);
    for (const Fetch& f : fetches_) {
      if (f.source != trace::kInitialWrite) edge(write(f.source), f.event, "fetch");
    }
    return std::move(graph_);
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Reading {
    std::size_t event = 0;
    const AccessRecord* access = nullptr;
  };
  struct Fetch {
    std::size_t event = 0;
    i32 source = trace::kInitialWrite;
  };

  std::size_t write(i32 n) const {
    return n < 0 ? kNone : node_of_write_[static_cast<std::size_t>(n)];
  }

  void edge(std::size_t from, std::size_t to, const char* relation) {
    if (from == kNone || to == kNone || from == to) return;
    if (drawn_.emplace(from, to, relation).second) graph_.edges.push_back({from, to, relation});
  }

  void events(unsigned core) {
    std::size_t last = kNone;
    for (u32 n = 0; n < e_.core[core].size(); ++n) {
      const trace::InstructionRecord& i = e_.core[core][n];
      const std::size_t first = graph_.events.size();
      const std::string text = listing_.instruction(i.pc, i.word);
      for (const AccessRecord& a : i.access) access(core, n, a, text);
      if (first == graph_.events.size() && (is_barrier(i.word) || i.word_source != trace::kInitialWrite)) {
        const std::string shown = text.substr(0, text.find(" (line"));
        graph_.events.push_back({core, n, is_barrier(i.word) ? "barrier" : "fetch", shown, text});
      }
      for (std::size_t at = first; at < graph_.events.size(); ++at) {
        if (last != kNone) edge(last, at, "po");
        last = at;
      }
      if (first < graph_.events.size()) fetches_.push_back({first, i.word_source});
    }
  }

  static bool is_barrier(u32 word) {
    const isa::UopKind kind = isa::decode_cached(word).uops[0].kind;
    return kind == isa::UopKind::Barrier || kind == isa::UopKind::Isb;
  }

  void access(unsigned core, u32 n, const AccessRecord& a, const std::string& text) {
    const std::size_t at = graph_.events.size();
    const std::string where = listing_.address(a.addr);
    const char* kind = "";
    std::string label;
    switch (a.kind) {
      case AccessRecord::Kind::Read:
        kind = "read";
        label = fmt::format("R {} = {}", where, listing_.value(a.value, a.size));
        readings_.push_back({at, &a});
        break;
      case AccessRecord::Kind::Write:
        kind = "write";
        label = fmt::format("W {} = {}", where, listing_.value(a.value, a.size));
        if (a.write >= 0) node_of_write_[static_cast<std::size_t>(a.write)] = at;
        break;
      case AccessRecord::Kind::CleanData:
        kind = "clean";
        label = "DC " + where;
        break;
      case AccessRecord::Kind::InvalidateInstruction:
        kind = "invalidate";
        label = "IC " + where;
        break;
    }
    graph_.events.push_back({core, n, kind, label, text});
  }

  const AccessRecord& written(std::size_t n) const {
    const trace::WriteRecord& w = e_.writes[n];
    return e_.core[w.core][w.instruction].access[w.access];
  }

  /// The first write after `n` that covers `byte`; kNone if there is none.
  std::size_t next_write(std::size_t n, u64 byte) const {
    for (; n < e_.writes.size(); ++n) {
      const AccessRecord& a = written(n);
      if (byte >= a.addr && byte < a.addr + a.size) return n;
    }
    return kNone;
  }

  void coherence() {
    for (std::size_t n = 0; n < e_.writes.size(); ++n) {
      const AccessRecord& a = written(n);
      for (u64 byte = a.addr; byte < a.addr + a.size; ++byte) {
        const std::size_t next = next_write(n + 1, byte);
        if (next != kNone) edge(node_of_write_[n], node_of_write_[next], "co");
      }
    }
  }

  void reads_from(const Reading& r) {
    for (std::size_t b = 0; b < r.access->source.size(); ++b) {
      const i32 from = r.access->source[b];
      if (from < trace::kInitialWrite) continue;
      edge(write(from), r.event, "rf");
      const std::size_t next = next_write(static_cast<std::size_t>(from + 1), r.access->addr + b);
      if (next != kNone) edge(r.event, node_of_write_[next], "fr");
    }
  }

  const Listing& listing_;
  const trace::Execution& e_;
  Graph graph_;
  std::vector<std::size_t> node_of_write_;
  std::vector<Reading> readings_;
  std::vector<Fetch> fetches_;
  std::set<std::tuple<std::size_t, std::size_t, std::string>> drawn_;
};

}  // namespace

Graph graph_at(const Stepper& s, std::size_t n) {
  model::Recorder recorder(*s.workload().machine);
  const std::vector<Step> steps(s.steps().begin(), s.steps().begin() + static_cast<std::ptrdiff_t>(n));
  const model::MachineState end = run_steps(s.workload(), steps, &recorder);
  return Builder(s.listing(), recorder.finish(end)).run();
}

nlohmann::ordered_json json(const Graph& g) {
  nlohmann::ordered_json events = nlohmann::ordered_json::array(), edges = nlohmann::ordered_json::array();
  for (const GraphEvent& e : g.events) {
    events.push_back(
        {{"core", e.core}, {"instruction", e.instruction}, {"kind", e.kind}, {"label", e.label}, {"text", e.text}});
  }
  for (const GraphEdge& e : g.edges) edges.push_back({{"from", e.from}, {"to", e.to}, {"relation", e.relation}});
  return {{"events", events}, {"edges", edges}};
}

}  // namespace isobar::session
