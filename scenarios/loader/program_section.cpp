// `memory:`, `registers:` and `threads:`.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/loader/loader.h"
#include "scenarios/loader/names.h"
#include "scenarios/loader/sections.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

using model::Permission;

constexpr u64 kMaxLocationBytes = 1u << 20;

struct Type {
  const char* name;
  u8 bytes;
};
constexpr Type kTypes[] = {{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}, {"u128", 16}, {"code", 4}};
constexpr unsigned kCodeType = 5;

constexpr u8 kReadable = Permission::kReadEl0 | Permission::kReadEl1;
constexpr u8 kWritable = Permission::kWriteEl0 | Permission::kWriteEl1;
constexpr u8 kExecutable = Permission::kExecEl0 | Permission::kExecEl1;

u8 access_mask(const Node& n, Problems& problems) {
  static const std::vector<std::string> words{"none", "r", "rw", "rx", "rwx"};
  static constexpr u8 kMasks[] = {0, kReadable, kReadable | kWritable, kReadable | kExecutable,
                                  kReadable | kWritable | kExecutable};
  return kMasks[read_word(n, problems, "access", words).value_or(0)];
}

std::optional<Constant> read_constant(const Node& n, Problems& problems, std::string_view what) {
  if (n.kind == Node::Kind::Scalar) return Constant{n.text, n.line, n.column, {}};
  problem(problems, n, fmt::format("{} is a number or an address, not {}", what, describe(n)));
  return std::nullopt;
}

/// A new name in the one namespace of locations and threads.
std::string read_new_name(const Node& key, Problems& problems, const Scenario& s, std::string_view what) {
  const std::optional<std::string> name = read_identifier(key, problems, what);
  if (!name) return key.text;
  if (what == "a location" && is_register_name(*name)) {
    problem(problems, key, fmt::format("a location cannot be called '{}': that is a register", *name));
  } else if (s.find_memory(*name) != nullptr && s.find_thread(*name) < 0 && what != "a location") {
    problem(problems, key, fmt::format("'{}' is already the name of a location", *name));
  }
  return *name;
}

void read_initial(const Node& v, Problems& problems, MemoryLocation& m) {
  for (const Node* item : one_or_several(v)) {
    if (const std::optional<Constant> c = read_constant(*item, problems, "a value")) m.initial.push_back(*c);
  }
}

void read_location_map(const Node& n, Problems& problems, MemoryLocation& m) {
  const MapReader map(n, memory_section(), problems);
  if (const Node* v = map.find("type")) {
    std::vector<std::string> words;
    for (const Type& t : kTypes) words.push_back(t.name);
    const unsigned type = read_word(*v, problems, "type", words).value_or(3);
    m.element = kTypes[type].bytes;
    m.is_code = type == kCodeType;
  }
  if (m.is_code) m.permissions = kReadable | kWritable | kExecutable;
  const Node* value = map.find("value");
  if (value != nullptr) read_initial(*value, problems, m);
  m.count = std::max<u64>(1, m.initial.size());
  if (const Node* v = map.find("count")) {
    const u64 count = read_integer(*v, problems, "count", 1, kMaxLocationBytes / m.element).value_or(m.count);
    if (count < m.initial.size()) {
      problem(problems, *v, fmt::format("count is {}, but {} values are given", count, m.initial.size()));
    }
    m.count = std::max(m.count, count);
  }
  if (const Node* v = map.find("align")) {
    m.align = read_integer(*v, problems, "align", 1, 65536).value_or(m.element);
    if ((m.align & (m.align - 1)) != 0) problem(problems, *v, "align is a power of two, not " + v->text);
  }
  if (const Node* v = map.find("at")) {
    m.at = read_integer(*v, problems, "at", 0x1000, (u64{1} << 47) - kMaxLocationBytes);
    const u64 need = m.is_code ? 4 : 1;
    if (m.at && !is_aligned(*m.at, need)) problem(problems, *v, "code stands at a multiple of 4");
    if (m.at && map.find("align") != nullptr)
      problem(problems, *v, "at fixes the address, so align has no meaning");
  }
  if (const Node* v = map.find("access")) m.permissions = access_mask(*v, problems);
  if (const Node* v = map.find("race_free")) assign(m.race_free, read_bool(*v, problems, "race_free"));
  if (const Node* v = map.find("tag")) assign(m.tag, read_integer(*v, problems, "tag", 0, 15));
  if (const Node* v = map.find("asm")) {
    if (!m.is_code) {
      problem(problems, *v, "asm needs 'type: code'");
    } else if (value != nullptr) {
      problem(problems, *v, "a code area starts with asm or with value, not both");
    } else {
      m.assembly = read_assembly(*v, problems);
    }
  }
}

void read_cores(const MapReader& map, Problems& problems, bool kernel, Thread& t) {
  if (const Node* v = map.find("core")) {
    const std::optional<u64> core = read_integer(*v, problems, "core", 0, kMaxCores - 1);
    if (core) t.core = static_cast<unsigned>(*core);
  }
  if (const Node* v = map.find("process")) {
    if (!kernel)
      problem(problems, *v, "process needs a kernel section; without a kernel all threads share one memory");
    assign(t.process, read_identifier(*v, problems, "process"));
  }
  for (const auto& [key, flag] : {std::pair{"tso", &t.tso}, std::pair{"reserve", &t.reserve}}) {
    const Node* v = map.find(key);
    if (v == nullptr) continue;
    if (!kernel) problem(problems, *v, fmt::format("{} needs a kernel section", key));
    assign(*flag, read_bool(*v, problems, key));
  }
}

void read_end(const MapReader& map, Problems& problems, bool kernel, Thread& t) {
  const Node* v = map.find("end");
  if (v == nullptr) return;
  if (!kernel)
    problem(problems, *v,
            "end needs a kernel section; without a kernel the core stops at the end of the text");
  t.parks = read_word(*v, problems, "end", {"exit", "park"}).value_or(0) == 1;
}

Thread read_thread(const Node& n, Problems& problems, const Registers& shared, bool kernel,
                   std::string name) {
  Thread t;
  t.name = std::move(name);
  t.registers = shared;
  const MapReader map(n, thread_section(), problems);
  read_cores(map, problems, kernel, t);
  read_end(map, problems, kernel, t);
  if (const Node* v = map.find("el")) {
    t.el = static_cast<u8>(read_integer(*v, problems, "el", 0, 1).value_or(0));
    if (kernel && t.el != 0) problem(problems, *v, "with a kernel, threads run at EL0");
  }
  if (const Node* v = map.find("writable")) assign(t.writable, read_bool(*v, problems, "writable"));
  if (const Node* v = map.find("registers")) {
    for (auto& [reg, constant] : read_registers(*v, problems)) {
      const isa::Reg r = reg;
      const auto same =
          std::find_if(t.registers.begin(), t.registers.end(), [&](const auto& p) { return p.first == r; });
      if (same == t.registers.end()) {
        t.registers.emplace_back(reg, constant);
      } else {
        same->second = constant;
      }
    }
  }
  if (const Node* v = map.find("handler")) {
    if (!kernel) problem(problems, *v, "handler needs a kernel section");
    assign(t.handler_label, read_text(*v, problems, "handler"));
  }
  if (const Node* v = map.find("rseq")) {
    if (!kernel) problem(problems, *v, "rseq needs a kernel section");
    t.rseq = read_constant(*v, problems, "rseq");
  }
  if (const Node* v = map.find("start")) assign(t.start_label, read_text(*v, problems, "start"));
  if (const Node* v = map.find("stop")) {
    if (kernel)
      problem(problems, *v, "with a kernel a thread ends with its text or with the exit system call");
    for (const Node* item : one_or_several(*v)) {
      if (const std::optional<std::string> label = read_text(*item, problems, "stop"))
        t.stop_labels.push_back(*label);
    }
  }
  if (const Node* v = map.require("asm")) t.assembly = read_assembly(*v, problems);
  if (!kernel) return t;
  for (const auto& [reg, constant] : t.registers) {
    if (reg <= isa::Reg::X30 || reg == isa::Reg::SP || reg == isa::Reg::TPIDR_EL0) continue;
    problems.add(constant.line, constant.column,
                 fmt::format("with a kernel X0 to X30, SP and TPIDR_EL0 can be set, not {}", isa::name(reg)));
  }
  return t;
}

}  // namespace

const Section& memory_section() {
  static const Section s{"location", {"type", "value", "count", "align", "at", "access", "race_free", "tag", "asm"}};
  return s;
}

const Section& thread_section() {
  static const Section s{
      "thread",
      {"core", "process", "tso", "reserve", "end", "el", "registers", "start", "handler", "rseq", "stop",
       "writable", "asm"}};
  return s;
}

AsmText read_assembly(const Node& n, Problems& problems) {
  if (n.kind != Node::Kind::Scalar || n.style == Node::Style::Folded || n.style == Node::Style::Plain) {
    // In a plain text ' #1' would begin a comment and line ends would be lost.
    problem(problems, n, "asm is a block of A64 code: write 'asm: |' and the code indented below");
    return {"", n.line, n.column};
  }
  if (n.text.empty()) problem(problems, n, "asm has no instructions");
  return {n.text, n.text_line, n.text_column};
}

void read_memory(const Node& n, Problems& problems, Scenario& scenario) {
  if (n.kind != Node::Kind::Map) {
    problem(problems, n, "memory is a map from names to values or locations, not " + describe(n));
    return;
  }
  if (n.items.size() > kMaxLocations) {
    problem(problems, n,
            fmt::format("{} locations; a scenario has at most {} (use count for arrays)", n.items.size(),
                        kMaxLocations));
    return;
  }
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    MemoryLocation m;
    m.name = read_new_name(n.keys[i], problems, scenario, "a location");
    m.line = n.keys[i].line;
    m.column = n.keys[i].column;
    m.permissions = kReadable | kWritable;
    if (n.items[i].kind == Node::Kind::Map) {
      read_location_map(n.items[i], problems, m);
    } else {
      read_initial(n.items[i], problems, m);
      m.count = std::max<u64>(1, m.initial.size());
    }
    if (scenario.find_memory(m.name) == nullptr) scenario.memory.push_back(std::move(m));
  }
}

Registers read_registers(const Node& n, Problems& problems) {
  Registers registers;
  if (n.kind != Node::Kind::Map) {
    problem(problems, n, "registers is a map from registers to values, not " + describe(n));
    return registers;
  }
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    const isa::Reg reg = isa::parse_register(n.keys[i].text);
    if (reg == isa::Reg::None || isa::is_uop_result(reg) || reg == isa::Reg::XZR) {
      problem(problems, n.keys[i],
              fmt::format("{} is not a register that can be set; expected X0 to X30, SP, V0 to V31 or "
                          "a system register such as TPIDR_EL0",
                          scenarios::quoted(n.keys[i].text)));
      continue;
    }
    const bool twice =
        std::any_of(registers.begin(), registers.end(), [&](const auto& p) { return p.first == reg; });
    if (twice) problem(problems, n.keys[i], fmt::format("{} is given twice", isa::name(reg)));
    if (std::optional<Constant> c = read_constant(n.items[i], problems, "the value of a register")) {
      registers.emplace_back(reg, std::move(*c));
    }
  }
  return registers;
}

void read_threads(const Node& n, Problems& problems, const Registers& shared, bool kernel,
                  Scenario& scenario) {
  if (n.kind != Node::Kind::Map || n.items.empty()) {
    problem(problems, n, "threads is a map from names to threads, not " + describe(n));
    return;
  }
  const std::size_t limit = kernel ? kMaxThreads : kMaxCores;
  if (n.items.size() > limit) {
    problem(problems, n,
            kernel
                ? fmt::format("{} threads; a scenario has at most {}", n.items.size(), kMaxThreads)
                : fmt::format(
                      "{} threads, but a machine has at most {} cores; more threads than cores need a kernel "
                      "section, and then there are at most {}",
                      n.items.size(), kMaxCores, kMaxThreads));
    return;
  }
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    std::string name = read_new_name(n.keys[i], problems, scenario, "a thread");
    Thread t = read_thread(n.items[i], problems, shared, kernel, std::move(name));
    t.line = n.keys[i].line;
    t.column = n.keys[i].column;
    if (scenario.find_thread(t.name) < 0) scenario.threads.push_back(std::move(t));
  }
}

}  // namespace isobar::scenarios
