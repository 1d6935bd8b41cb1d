#include "axiomatic/dot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace isobar::axiomatic {
namespace {

struct Style {
  const char* color;
  const char* more;
};

const std::map<std::string, Style>& styles() {
  static const std::map<std::string, Style> table = {
      {"po", {"black", ", weight=10"}},
      {"rf", {"red", ", constraint=false"}},
      {"co", {"blue", ", constraint=false"}},
      {"fr", {"darkorange", ", constraint=false"}},
      {"rmw", {"darkgreen", ", constraint=false"}},
      {"addr", {"indigo", ", constraint=false, style=dashed"}},
      {"data", {"indigo", ", constraint=false, style=dashed"}},
      {"ctrl", {"indigo", ", constraint=false, style=dotted"}},
  };
  return table;
}

std::string escape(const std::string& s) {
  std::string out;
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// Reads that a flow needs, through registers.
void collect_reads(const Program& p, FlowId f, std::set<FlowId>& seen, std::set<EventId>& reads) {
  std::vector<FlowId> todo{f};
  while (!todo.empty()) {
    const FlowId x = todo.back();
    todo.pop_back();
    if (x == kNoFlow || !seen.insert(x).second) continue;
    if (p.flow[x].read != kNoEvent) reads.insert(p.flow[x].read);
    for (FlowId n : p.flow[x].needs) todo.push_back(n);
  }
}
std::set<EventId> reads_of(const Program& p, FlowId f) {
  std::set<FlowId> seen;
  std::set<EventId> reads;
  collect_reads(p, f, seen, reads);
  return reads;
}

class Drawing {
 public:
  Drawing(const Program& p, const DotOptions& o) : program_(p), options_(o) {}

  std::string text() {
    out_ = "digraph execution {\n  rankdir=TB;\n  node [shape=plaintext, fontname=\"monospace\", fontsize=10];\n"
           "  edge [fontname=\"sans-serif\", fontsize=9];\n";
    nodes();
    edges();
    return out_ + "}\n";
  }

 private:
  bool drawn(const Event& e) const {
    return e.kind != Event::Kind::Branch &&
           (options_.barriers || (e.kind != Event::Kind::Barrier && e.kind != Event::Kind::ContextSync));
  }
  bool in_cycle(EventId a, EventId b) const {
    if (options_.highlight == nullptr) return false;
    const std::vector<Link>& c = options_.highlight->cycle;
    return std::any_of(c.begin(), c.end(), [&](const Link& l) { return l.from == a && l.to == b; });
  }

  void nodes() {
    int open = -1;
    for (EventId e = 0; e < program_.event.size(); ++e) {
      const Event& x = program_.event[e];
      if (!drawn(x)) continue;
      if (open != x.core) {
        if (open >= 0) out_ += "  }\n";
        out_ += fmt::format("  subgraph cluster_{} {{\n    label=\"P{}\";\n    color=gray;\n", x.core, x.core);
        open = x.core;
      }
      std::string label = describe_effect(x);
      if (options_.disassemble) label = options_.disassemble(x.word, x.pc) + "\n" + label;
      std::string escaped = escape(label);
      const std::size_t newline = escaped.find('\n');
      if (newline != std::string::npos) escaped.replace(newline, 1, "\\n");
      out_ += fmt::format("    e{} [label=\"{}\"{}];\n", e, escaped, x.is_memory() ? "" : ", shape=box");
    }
    if (open >= 0) out_ += "  }\n";
  }

  void edge(EventId a, EventId b, const std::string& label) {
    const Style& s = styles().at(label);
    drawn_.insert({a, b});
    out_ += fmt::format("  e{} -> e{} [label=\"{}\", color={}, fontcolor={}{}{}];\n", a, b, label, s.color, s.color,
                        s.more, in_cycle(a, b) ? ", penwidth=3" : "");
  }
  void edges(const std::vector<Pair>& r, const char* label) {
    for (const auto& [a, b] : r) edge(a, b, label);
  }

  void edges() {
    const Relations r = relate(program_.event, program_.of_write);
    if (options_.po) program_order();
    if (options_.rf) edges(r.rf, "rf");
    if (options_.co) edges(r.co, "co");
    if (options_.fr) {
      std::vector<Pair> fr;
      for (const FromRead& x : r.fr) fr.emplace_back(x.read, x.write);
      std::sort(fr.begin(), fr.end());
      fr.erase(std::unique(fr.begin(), fr.end()), fr.end());
      edges(fr, "fr");
    }
    if (options_.rmw) edges(r.rmw, "rmw");
    dependencies();
    if (options_.highlight == nullptr) return;
    for (const Link& l : options_.highlight->cycle) {
      if (l.from == kNoEvent || l.to == kNoEvent || l.from == l.to || drawn_.count({l.from, l.to}) != 0) continue;
      out_ += fmt::format("  e{} -> e{} [label=\"{}\", color=purple, fontcolor=purple, constraint=false, penwidth=3];\n",
                          l.from, l.to, escape(l.relation));
    }
  }

  void program_order() {
    EventId last = kNoEvent;
    for (EventId e = 0; e < program_.event.size(); ++e) {
      const Event& x = program_.event[e];
      if (!drawn(x)) continue;
      if (last != kNoEvent && program_.event[last].core == x.core) edge(last, e, "po");
      last = e;
    }
  }

  void dependencies() {
    std::set<EventId> controlling;  // reads that decide a branch so far
    for (EventId e = 0; e < program_.event.size(); ++e) {
      const Event& x = program_.event[e];
      if (e > 0 && program_.event[e - 1].core != x.core) controlling.clear();
      if (x.kind == Event::Kind::Branch) {
        const std::set<EventId> reads = reads_of(program_, x.data);
        controlling.insert(reads.begin(), reads.end());
        continue;
      }
      if (options_.addr) from_reads(x.address, e, "addr");
      if (options_.data) from_reads(x.data, e, "data");
      if (!options_.ctrl || !x.is_write()) continue;
      for (EventId read : controlling) edge(read, e, "ctrl");
    }
  }
  void from_reads(FlowId f, EventId to, const char* label) {
    if (f == kNoFlow) return;
    for (EventId read : reads_of(program_, f)) edge(read, to, label);
  }

  const Program& program_;
  const DotOptions& options_;
  std::string out_;
  std::set<Pair> drawn_;
};

}  // namespace

bool select_relations(const std::string& list, DotOptions& o) {
  const std::map<std::string, bool*> switches = {{"po", &o.po},     {"rf", &o.rf},     {"co", &o.co},
                                                 {"fr", &o.fr},     {"rmw", &o.rmw},   {"addr", &o.addr},
                                                 {"data", &o.data}, {"ctrl", &o.ctrl}, {"barriers", &o.barriers}};
  for (const auto& [name, on] : switches) *on = false;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const auto found = switches.find(list.substr(begin, end - begin));
    if (found == switches.end()) return false;
    *found->second = true;
    begin = end + 1;
  }
  return true;
}

std::string to_dot(const Program& p, const DotOptions& options) { return Drawing(p, options).text(); }

}  // namespace isobar::axiomatic
