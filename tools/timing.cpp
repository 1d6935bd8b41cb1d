#include "tools/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "scenarios/loader/reader.h"
#include "support/diagnostic.h"
#include "tools/files.h"
#include "tools/mapping_suite.h"

namespace isobar::tools {

namespace {

using scenarios::MapReader;
using scenarios::Node;
using scenarios::Problems;

/// A number of the format and where it goes.
struct Key {
  std::string_view name;
  unsigned* to;
  u64 least, most;
};

constexpr u64 kTicks = 100'000;

/// The same for true and false.
struct Flag {
  std::string_view name;
  bool* to;
};

std::vector<Flag> flags(systemc::PipelineConfig& p) {
  return {
      {"early_loads", &p.early_loads}, {"lost_lines", &p.lost_lines}, {"merged_misses", &p.merged_misses}};
}

/// Latencies as people measure them: from the core to the data and back.
struct Ways {
  unsigned load = 0, l2 = 0, other_core = 0, memory = 0;
};

std::vector<Key> numbers(Timing& t, Ways& ways) {
  systemc::PlatformConfig& c = t.platform;
  systemc::PipelineConfig& p = c.pipeline;
  return {{"megahertz", &t.megahertz, 1, 100'000},
          {"fetch_width", &c.widths.fetch, 1, 64},
          {"load_width", &c.widths.load, 1, 64},
          {"store_width", &c.widths.store, 1, 64},
          {"load_queue", &p.load_queue, 1, 64},
          {"store_queue", &p.store_queue, 1, 64},
          {"load_misses", &p.load_misses, 1, 64},
          {"store_misses", &p.store_misses, 1, 64},
          {"owned_ahead", &p.owned_ahead, 0, 64},
          {"fetch", &c.fetch_latency, 0, kTicks},
          {"branch", &c.predict_latency, 0, kTicks},
          {"wrong_guess", &p.wrong_guess, 0, kTicks},
          {"load", &ways.load, 0, kTicks},
          {"forward", &c.forward_latency, 0, kTicks},
          {"store", &c.store_latency, 0, kTicks},
          {"drain", &c.drain_delay, 0, kTicks},
          {"l2", &ways.l2, 0, kTicks},
          {"other_core", &ways.other_core, 0, kTicks},
          {"memory", &ways.memory, 0, kTicks},
          {"replay", &p.replay, 0, kTicks},
          {"acquire", &p.acquire, 0, kTicks},
          {"release", &p.release, 0, kTicks},
          {"atomic", &p.atomic, 0, kTicks},
          {"atomic_release", &p.atomic_release, 0, kTicks},
          {"dmb_load", &p.dmb_load, 0, kTicks},
          {"dmb_store", &p.dmb_store, 0, kTicks},
          {"dmb_full", &p.dmb_full, 0, kTicks},
          {"dsb", &p.dsb, 0, kTicks},
          {"dmb_every", &p.dmb_every, 0, kTicks},
          {"dsb_every", &p.dsb_every, 0, kTicks},
          {"isb", &p.isb, 0, kTicks},
          {"exception_entry", &p.exception_entry, 0, kTicks},
          {"exception_return", &p.exception_return, 0, kTicks},
          {"interrupt", &c.interrupt_latency, 0, kTicks},
          {"system_register", &c.system_latency, 0, kTicks},
          {"maintenance", &c.maintenance_latency, 0, kTicks},
          {"retry", &c.retry_interval, 1, kTicks},
          {"jitter", &c.jitter, 0, kTicks},
          {"start_skew", &c.start_skew, 0, kTicks}};
}

const scenarios::Section& section() {
  static const scenarios::Section s = [] {
    scenarios::Section all{"timing",
                           {"title", "description", "source", "free", "early_loads", "lost_lines",
                            "merged_misses", "icache", "dcache"}};
    Timing t;
    Ways ways;
    for (const Key& k : numbers(t, ways)) all.keys.emplace_back(k.name);
    return all;
  }();
  return s;
}

void read_list(const Node& n, Problems& problems, const char* what, std::vector<std::string>& to) {
  for (const Node* one : scenarios::one_or_several(n))
    if (const auto text = scenarios::read_text(*one, problems, what)) to.push_back(*text);
}

void read_cache(const Node& n, Problems& problems, const char* what, systemc::CacheGeometry& to) {
  static const scenarios::Section cache{"cache", {"sets", "ways"}};
  const MapReader map(n, cache, problems);
  const Node* sets = map.require("sets");
  if (sets != nullptr) {
    const auto value = scenarios::read_integer(*sets, problems, "sets", 1, 65536);
    if (value && (*value & (*value - 1)) != 0)
      scenarios::problem(problems, *sets, fmt::format("{}: sets must be a power of two", what));
    scenarios::assign(to.sets, value);
  }
  if (const Node* ways = map.require("ways"))
    scenarios::assign(to.ways, scenarios::read_integer(*ways, problems, "ways", 1, 64));
}

void change(const std::string& text, const std::vector<Key>& keys, systemc::PipelineConfig& pipeline,
            Problems& problems) {
  const std::size_t sign = text.find('=');
  const std::string name = text.substr(0, sign);
  const std::string value = sign == std::string::npos ? "" : text.substr(sign + 1);
  const auto refuse = [&](const std::string& expected) {
    problems.add(InputError(Diagnostic{{"--set", 0, 0}, fmt::format("'{}': {}", text, expected)}));
  };
  const std::vector<Flag> all = flags(pipeline);
  const auto flag = std::find_if(all.begin(), all.end(), [&](const Flag& f) { return f.name == name; });
  if (flag != all.end()) {
    if (value != "true" && value != "false") return refuse("expected true or false");
    *flag->to = value == "true";
    return;
  }
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
  if (key == keys.end())
    return refuse("expected KEY=VALUE with the name of a parameter that is a number, true or false");
  const bool digits = !value.empty() && value.size() <= 6 &&
                      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  const u64 number = digits ? std::stoul(value) : 0;
  if (!digits || number < key->least || number > key->most)
    return refuse(fmt::format("expected {} to {}", key->least, key->most));
  *key->to = static_cast<unsigned>(number);
}

/// The platform adds up what the parts of the way take.
void set_ways(const MapReader& map, Problems& problems, const Ways& ways, Timing& t) {
  const auto least = [&](const char* key, unsigned value, const char* than, unsigned bound) {
    if (value >= bound) return;
    scenarios::problem(problems, *map.find(key), fmt::format("{} is less than {} ({})", key, than, bound));
  };
  least("l2", ways.l2, "load", ways.load);
  least("other_core", ways.other_core, "l2", ways.l2);
  least("memory", ways.memory, "l2", ways.l2);
  systemc::PlatformConfig& c = t.platform;
  c.load_latency = ways.load;
  c.interconnect_latency = ways.l2 - ways.load;
  c.snoop_latency = ways.other_core - ways.l2;
  t.memory = ways.memory - ways.l2;
  c.memory_latency = t.memory;
}

}  // namespace

systemc::PlatformConfig Timing::quiet(bool near) const {
  systemc::PlatformConfig c = platform;
  c.jitter = c.start_skew = 0;
  if (near) c.memory_latency = 0;
  return c;
}

Timing parse_timing(std::string_view text, const std::string& file, const TimingChanges& changes) {
  Problems problems(file);
  const Node root = scenarios::parse_yaml(text, problems);
  const MapReader map(root, section(), problems);
  Timing t;
  t.file = file;
  t.name = stem(file);
  t.platform.pipeline.on = true;
  if (const Node* n = map.require("title")) scenarios::assign(t.title, scenarios::read_text(*n, problems, "title"));
  if (const Node* n = map.require("description"))
    scenarios::assign(t.description, scenarios::read_text(*n, problems, "description"));
  if (const Node* n = map.require("source")) read_list(*n, problems, "source", t.sources);
  if (const Node* n = map.find("free")) read_list(*n, problems, "free", t.free);
  Ways ways;
  const std::vector<Key> keys = numbers(t, ways);
  for (const Key& k : keys) {
    const Node* n = map.require(k.name);
    if (n != nullptr) scenarios::assign(*k.to, scenarios::read_integer(*n, problems, k.name, k.least, k.most));
  }
  for (const Flag& f : flags(t.platform.pipeline))
    if (const Node* n = map.require(f.name))
      scenarios::assign(*f.to, scenarios::read_bool(*n, problems, f.name));
  for (const std::string& c : changes) change(c, keys, t.platform.pipeline, problems);
  if (const Node* n = map.require("icache")) read_cache(*n, problems, "icache", t.platform.icache);
  if (const Node* n = map.require("dcache")) read_cache(*n, problems, "dcache", t.platform.dcache);
  for (const std::string& name : t.free) {
    const auto is_it = [&](const std::string& k) { return k == name; };
    const std::vector<std::string>& known = section().keys;
    if (std::none_of(known.begin(), known.end(), is_it))
      scenarios::problem(problems, *map.find("free"), fmt::format("'{}' is no parameter", name));
  }
  problems.throw_if_any();
  set_ways(map, problems, ways, t);
  problems.throw_if_any();
  return t;
}

Timing find_timing(const std::string& name, const TimingChanges& changes) {
  std::error_code e;
  const std::string shipped = name.find('/') == std::string::npos ? data_folder() + "/timing/" + name + ".yaml" : name;
  const std::string file = std::filesystem::is_regular_file(name, e) ? name : shipped;
  if (!std::filesystem::is_regular_file(file, e)) {
    std::string known;
    for (const std::string& f : expand_paths({data_folder() + "/timing"}, {".yaml"}))
      known += (known.empty() ? "" : ", ") + stem(f);
    throw InputError(
        Diagnostic{{name, 0, 0}, fmt::format("there is no such timing model; expected a file or one of {}", known)});
  }
  return parse_timing(read_file(file), file, changes);
}

}  // namespace isobar::tools
