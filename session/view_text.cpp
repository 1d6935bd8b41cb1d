#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "session/view.h"

namespace isobar::session {

namespace {

using Json = nlohmann::ordered_json;

std::string list(const std::vector<unsigned>& numbers) { return fmt::format("{}", fmt::join(numbers, ", ")); }

std::string list(const std::vector<NamedValue>& values) {
  std::string out;
  for (const NamedValue& v : values) out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", v.name, v.value);
  return out;
}

const char* instruction_side(const LineView& line) { return line.old ? "may be older than memory" : "as memory"; }
const char* data_side(const LineView& line) {
  return line.old ? "newer than the point of unification" : "clean to the point of unification";
}

/// What there is of an object: "current = A, queue = A, B".
std::string list(const ObjectView& o) {
  std::vector<NamedValue> some;
  std::copy_if(o.fields.begin(), o.fields.end(), std::back_inserter(some),
               [](const NamedValue& f) { return !f.value.empty(); });
  return list(some);
}

void add_kernel(std::string& out, const KernelView& k) {
  for (const ObjectView& o : k.run_queues) out += fmt::format("run queue of {}: {}\n", o.name, list(o));
  for (const ObjectView& o : k.threads) out += fmt::format("thread {}: {}\n", o.name, list(o));
  for (const ObjectView& o : k.processes) out += fmt::format("process {}: {}\n", o.name, list(o));
}

void add_core(std::string& out, const CoreView& c) {
  out += fmt::format("{}  EL{}{}{}\n", c.name, c.el, c.tso ? ", TSO" : "", c.masked ? ", interrupts masked" : "");
  if (!c.pending.empty()) out += fmt::format("  pending interrupts: {}\n", list(c.pending));
  if (!c.interrupt.empty()) out += fmt::format("    waits {}\n", c.interrupt);
  if (!c.active.empty()) out += fmt::format("  active interrupts: {}\n", list(c.active));
  if (!c.registers.empty()) out += fmt::format("  registers: {}\n", list(c.registers));
  for (const InstructionView& i : c.window) {
    out += fmt::format("  | {}{}\n", i.text, i.old ? "   (memory holds another instruction by now)" : "");
    for (const UopView& u : i.uops) {
      out += fmt::format("  |   {} {}\n", u.done ? "+" : "-", u.status);
      if (!u.waits.empty()) out += fmt::format("  |     waits {}\n", u.waits);
    }
  }
  if (!c.store_buffer.empty()) out += fmt::format("  store buffer: {}\n", list(c.store_buffer));
  if (!c.next.empty()) out += fmt::format("  next: {}{}\n", c.next, c.fetch.empty() ? "" : ", " + c.fetch);
  if (c.next.empty()) out += fmt::format("  {}\n", c.fetch);
  for (const LineView& l : c.instruction_lines)
    out += fmt::format("  instruction cache, {}: {}\n", l.name, instruction_side(l));
}

Json json_of(const std::vector<NamedValue>& values) {
  Json out = Json::array();
  for (const NamedValue& v : values) out.push_back({{"name", v.name}, {"value", v.value}});
  return out;
}

Json json_of(const std::vector<LineView>& lines) {
  Json out = Json::array();
  for (const LineView& l : lines) out.push_back({{"name", l.name}, {"words", l.words}, {"old", l.old}});
  return out;
}

Json json_of(const std::vector<ObjectView>& objects) {
  Json out = Json::array();
  for (const ObjectView& o : objects) out.push_back({{"name", o.name}, {"fields", json_of(o.fields)}});
  return out;
}

Json json_of(const CoreView& c) {
  Json window = Json::array();
  for (const InstructionView& i : c.window) {
    Json uops = Json::array();
    for (const UopView& u : i.uops)
      uops.push_back({{"slot", u.slot}, {"status", u.status}, {"waits", u.waits}, {"done", u.done}});
    window.push_back({{"text", i.text}, {"uops", uops}, {"old", i.old}});
  }
  return {{"name", c.name},
          {"el", c.el},
          {"tso", c.tso},
          {"masked", c.masked},
          {"pending", c.pending},
          {"active", c.active},
          {"interrupt", c.interrupt},
          {"registers", json_of(c.registers)},
          {"window", window},
          {"store_buffer", json_of(c.store_buffer)},
          {"next", c.next},
          {"fetch", c.fetch},
          {"instruction_lines", json_of(c.instruction_lines)}};
}

/// One thing that can change: where, what, and its value. `id` tells things with the same name apart.
struct Item {
  std::string where, what, id, value;
};

std::vector<Item> items_of(const StateView& v) {
  std::vector<Item> out;
  for (const NamedValue& m : v.memory) out.push_back({"memory", m.name, m.name, m.value});
  for (const VersionsView& word : v.versions) {
    out.push_back({"memory", word.name, word.name, word.versions.back()});
    if (word.cleaned >= 0)
      out.push_back({"cleaned", word.name, word.name, word.versions[static_cast<std::size_t>(word.cleaned)]});
    for (const NamedValue& o : word.obtainable)
      out.push_back({o.name + " may get", word.name, o.name + " " + word.name, o.value});
  }
  for (const CoreView& c : v.cores) {
    out.push_back({c.name, "EL", "EL", fmt::format("{}", c.el)});
    out.push_back({c.name, "TSO", "TSO", c.tso ? "on" : "off"});
    out.push_back({c.name, "pending interrupts", "pending", list(c.pending)});
    for (const NamedValue& r : c.registers) out.push_back({c.name, r.name, r.name, r.value});
    out.push_back({c.name, "store buffer", "store buffer", list(c.store_buffer)});
    for (const LineView& l : c.instruction_lines)
      out.push_back({c.name + " instruction cache", l.name, l.name, instruction_side(l)});
    for (const InstructionView& i : c.window) {
      for (const UopView& u : i.uops) out.push_back({c.name + " window", i.text, fmt::format("#{}", u.seq), u.status});
    }
  }
  for (const LineView& l : v.data_lines) out.push_back({"data caches", l.name, l.name, data_side(l)});
  if (v.kernel) {
    const auto add = [&](const char* kind, const std::vector<ObjectView>& objects) {
      for (const ObjectView& o : objects)
        for (const NamedValue& f : o.fields) out.push_back({fmt::format("{} {}", kind, o.name), f.name, f.name, f.value});
    };
    add("run queue of", v.kernel->run_queues);
    add("thread", v.kernel->threads);
    add("process", v.kernel->processes);
  }
  out.push_back({"run", "status", "status", v.status});
  return out;
}

const Item* find(const std::vector<Item>& items, const Item& like) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const Item& i) { return i.where == like.where && i.id == like.id; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string text(const StateView& v) {
  std::string out = fmt::format("Step {}{}: {}\n", v.position,
                                v.length > v.position ? fmt::format(" of {}", v.length) : "", v.status);
  for (const CoreView& c : v.cores) add_core(out, c);
  if (!v.memory.empty()) out += fmt::format("memory: {}\n", list(v.memory));
  for (const VersionsView& word : v.versions) {
    out += fmt::format("versions of {}: {}", word.name, fmt::join(word.versions, " | "));
    if (word.cleaned >= 0)
      out += fmt::format("; cleaned: {}", word.versions[static_cast<std::size_t>(word.cleaned)]);
    out += "\n";
    for (const NamedValue& o : word.obtainable) out += fmt::format("  {} may get {}\n", o.name, o.value);
  }
  for (const LineView& l : v.data_lines) out += fmt::format("data caches, {}: {}\n", l.name, data_side(l));
  if (v.kernel) add_kernel(out, *v.kernel);
  if (!v.outcome.empty()) out += fmt::format("outcome: {}\n", v.outcome);
  return out;
}

Json json(const StateView& v) {
  Json cores = Json::array(), versions = Json::array();
  for (const CoreView& c : v.cores) cores.push_back(json_of(c));
  for (const VersionsView& word : v.versions) {
    versions.push_back({{"name", word.name},
                        {"versions", word.versions},
                        {"cleaned", word.cleaned},
                        {"obtainable", json_of(word.obtainable)}});
  }
  Json kernel;
  if (v.kernel) {
    kernel = {{"run_queues", json_of(v.kernel->run_queues)},
              {"threads", json_of(v.kernel->threads)},
              {"processes", json_of(v.kernel->processes)}};
  }
  return {{"position", v.position},       {"length", v.length},     {"status", v.status},
          {"cores", cores},               {"memory", json_of(v.memory)}, {"versions", versions},
          {"data_lines", json_of(v.data_lines)}, {"kernel", kernel}, {"outcome", v.outcome}};
}

std::vector<std::string> changes(const StateView& before, const StateView& after) {
  const std::vector<Item> old_items = items_of(before), new_items = items_of(after);
  std::vector<std::string> out;
  for (const Item& i : old_items) {
    if (i.id.front() != '#' || find(new_items, i) != nullptr) continue;
    const std::string left = fmt::format("{}: {}: left", i.where, i.what);
    if (out.empty() || out.back() != left) out.push_back(left);  // once for all micro-ops of an instruction
  }
  for (const Item& i : new_items) {
    const Item* was = find(old_items, i);
    if (was != nullptr && was->value == i.value) continue;
    const std::string value = i.value.empty() ? "nothing" : i.value;
    const char* entered = was == nullptr && i.id.front() == '#' ? "entered: " : "";
    const std::string old = was == nullptr ? "" : (was->value.empty() ? "nothing" : was->value) + " -> ";
    out.push_back(fmt::format("{}: {}: {}{}{}", i.where, i.what, entered, old, value));
  }
  return out;
}

}  // namespace isobar::session
