// Outcomes of a litmus test as text and as the truth of its condition.
#include <fmt/format.h>

#include <algorithm>

#include "model/storage/tags.h"
#include "scenarios/import/litmus_program.h"
#include "scenarios/import/litmus_tags.h"
#include "support/bits.h"

namespace isobar::scenarios {
namespace {

const LitmusSymbol* symbol_at(const LitmusProgram& p, u64 address) {
  auto it = p.symbols.upper_bound(address);
  if (it == p.symbols.begin()) return nullptr;
  const LitmusSymbol& s = std::prev(it)->second;
  return address - s.address < u64{s.size} * s.count ? &s : nullptr;
}

/// The thread whose code (or the end of it) `address` is in; -1 if none.
int thread_at(const LitmusProgram& p, u64 address) {
  if (address < kLitmusCode) return -1;
  const u64 thread = (address - kLitmusCode) / kLitmusCodeStride;
  if (thread >= p.code_bytes.size()) return -1;
  return (address - kLitmusCode) % kLitmusCodeStride <= p.code_bytes[thread] ? static_cast<int>(thread) : -1;
}

/// The address that a pointer means, and the colour of its tag as text.
u64 plain(const LitmusProgram& p, u64 v) { return p.config.tagging ? model::without_tag(v) : v; }
std::string colour_text(const LitmusProgram& p, u64 pointer) {
  return p.config.tagging ? ":" + colour(model::pointer_tag(pointer)) : "";
}

bool is_address(const LitmusProgram& p, u64 v) {
  return symbol_at(p, plain(p, v)) || p.descriptors.count(v) != 0 || thread_at(p, v) >= 0;
}

std::string number_text(u64 v, unsigned size, bool is_signed) {
  const unsigned width = 8 * size;
  return is_signed ? fmt::format("{}", static_cast<i64>(sign_extend(v, width)))
                   : fmt::format("{}", v & ones(width));
}

/// The reference numbers code without labels from 100000 (thread 0), 200000 ... on.
u64 reference_code_address(unsigned thread, u64 offset) {
  return u64{100'000} * (thread + 1) + offset;
}

/// The name of the location that `address` is in, and "+n" if it is not its first byte.
std::string location_text(const LitmusProgram& p, u64 address) {
  const LitmusSymbol* s = symbol_at(p, address);
  if (s == nullptr) return fmt::format("{:#x}", address);
  return address == s->address ? s->name : fmt::format("{}+{}", s->name, address - s->address);
}

std::string value_text(const LitmusProgram& p, const LitmusItem& item, u64 v) {
  if (symbol_at(p, plain(p, v))) return location_text(p, plain(p, v)) + colour_text(p, v);
  if (const auto descriptor = p.descriptors.find(v); descriptor != p.descriptors.end()) return descriptor->second;
  if (const auto label = p.labels.find(v); label != p.labels.end())
    return fmt::format("label:\"{}\"", label->second);
  if (const int thread = thread_at(p, v); thread >= 0) {
    const u64 offset = (v - kLitmusCode) % kLitmusCodeStride;
    return fmt::format("{}", reference_code_address(static_cast<unsigned>(thread), offset));
  }
  if (v >> 32 == 0) {
    const auto instruction = p.instructions.find(static_cast<u32>(v));
    if (instruction != p.instructions.end()) {
      return instruction->second == "NOP" ? "NOP" : fmt::format("instr:\"{}\"", instruction->second);
    }
  }
  return number_text(v, item.size, item.is_signed);
}

/// Lane `lane` of a vector register.
u64 lane_of(const LitmusItem& item, const Value& v, unsigned lane) {
  const unsigned at = lane * item.size;
  return ((at < 8 ? v.lo >> (8 * at) : v.hi >> (8 * (at - 8)))) & ones(8 * item.size);
}

/// Element `i` of an item: of an array, a lane, or the one value.
u64 element(const LitmusItem& item, const trace::Outcome& o, u32 i) {
  if (item.kind == LitmusItem::Kind::Vector) return lane_of(item, o.values[item.first], i);
  return o.values[item.first + i].lo;
}

bool matches(const LitmusProgram& p, const LitmusFaultPattern& pattern, const LitmusFault& f) {
  if (pattern.pc && *pattern.pc != f.pc) return false;
  if (pattern.type && !is_fault_of_type(fault_name(f.syndrome), *pattern.type)) return false;
  if (!pattern.location) return true;
  const LitmusSymbol* s = f.has_address() ? symbol_at(p, plain(p, f.address)) : nullptr;
  return s != nullptr && s->name == *pattern.location;
}

/// The faults of the thread that the item asks for.
std::vector<LitmusFault> faults_of(const LitmusProgram& p, const LitmusItem& item, const trace::Outcome& o) {
  std::vector<LitmusFault> faults;
  for (u32 i = 0; i < item.count; ++i) {
    const Value& fault = o.values[item.first + 2 * i];
    const LitmusFault f{fault.hi, fault.lo, o.values[item.first + 2 * i + 1].lo};
    if (f.syndrome != 0 && matches(p, item.fault, f)) faults.push_back(f);
  }
  return faults;
}

/// Does TFSR tell of a fault, and does the item ask for one that may be anywhere?
bool sticky_fault(const LitmusItem& item, const trace::Outcome& o) {
  const LitmusFaultPattern& f = item.fault;
  return f.sticky && !f.pc && !f.location && f.type.value_or("TagCheck") == "TagCheck" &&
         o.values[item.first + 2 * item.count].lo != 0;
}

/// "P0:L0", or "P0" if no label stands there.
std::string fault_place(const LitmusProgram& p, const LitmusItem& item, const LitmusFault& f) {
  const auto label = p.labels.find(f.pc);
  return label != p.labels.end() ? label->second : fmt::format("P{}", item.thread);
}

/// Every fault that the item asks for, each as an item of its own.
std::vector<std::string> fault_texts(const LitmusProgram& p, const LitmusItem& item, const trace::Outcome& o) {
  std::vector<std::string> texts;
  for (const LitmusFault& f : faults_of(p, item, o)) {
    const bool tag_check = fault_name(f.syndrome) == "TagCheck";
    const u64 address = plain(p, f.address);
    const std::string where = !f.has_address() ? "" : location_text(p, address) + (tag_check ? colour_text(p, f.address) : "") + ",";
    texts.push_back(fmt::format("Fault({},{}{})", fault_place(p, item, f), where,
                                item.fault.type.value_or(fault_name(f.syndrome))));
  }
  if (sticky_fault(item, o)) texts.push_back(fmt::format("Fault(P{},TagCheck)", item.thread));
  if (texts.empty()) texts.push_back(fmt::format("~Fault({})", item.name));
  return texts;
}

bool holds(const LitmusProgram& p, const LitmusTerm& t, const trace::Outcome& o) {
  using Kind = LitmusProposition::Kind;
  switch (t.kind) {
    case Kind::True: return true;
    case Kind::False: return false;
    case Kind::Not: return !holds(p, t.parts[0], o);
    case Kind::And:
      return std::all_of(t.parts.begin(), t.parts.end(), [&](const auto& q) { return holds(p, q, o); });
    case Kind::Or:
      return std::any_of(t.parts.begin(), t.parts.end(), [&](const auto& q) { return holds(p, q, o); });
    case Kind::Implies: return !holds(p, t.parts[0], o) || holds(p, t.parts[1], o);
    case Kind::Equal:
    case Kind::Fault: break;
  }
  const LitmusItem& item = p.items[t.item];
  if (t.kind == Kind::Fault) return sticky_fault(item, o) || !faults_of(p, item, o).empty();
  for (u32 i = 0; i < t.values.size(); ++i) {
    const u64 v = element(item, o, i);
    if (t.exact || is_address(p, v) ? v != t.values[i] : ((v ^ t.values[i]) & ones(8u * item.size)) != 0)
      return false;
  }
  return true;
}

std::string item_text(const LitmusProgram& p, const LitmusItem& item, const trace::Outcome& o) {
  switch (item.kind) {
    case LitmusItem::Kind::Tag: return fmt::format("{}=:{}", item.name, colour(element(item, o, 0)));
    case LitmusItem::Kind::Fault:
    case LitmusItem::Kind::Register:
    case LitmusItem::Kind::Memory:
      return fmt::format("{}={}", item.name, value_text(p, item, element(item, o, 0)));
    case LitmusItem::Kind::Array:
    case LitmusItem::Kind::Vector: break;
  }
  std::string s = item.name + "={";
  for (u32 i = 0; i < item.count; ++i) s += (i == 0 ? "" : ",") + value_text(p, item, element(item, o, i));
  return s + "}";
}

}  // namespace

std::string state_text(const LitmusProgram& p, const trace::Outcome& o) {
  std::vector<std::string> texts;
  for (const u32 i : p.printed) {
    if (p.items[i].kind == LitmusItem::Kind::Fault) {
      for (std::string& t : fault_texts(p, p.items[i], o)) texts.push_back(std::move(t));
    } else {
      texts.push_back(item_text(p, p.items[i], o));
    }
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  std::string s;
  for (const std::string& t : texts) s += (s.empty() ? "" : ";") + t;
  return s;
}

std::vector<std::string> unexpected_faults(const LitmusProgram& p, const trace::Outcome& o) {
  std::vector<std::string> texts;
  for (const u32 index : p.fault_items) {
    const LitmusItem& item = p.items[index];
    const auto asked = [&](u32 i) {
      return p.items[i].kind == LitmusItem::Kind::Fault && p.items[i].thread == item.thread;
    };
    const std::vector<LitmusFault> faults = faults_of(p, item, o);
    const bool modelled = !faults.empty() && p.config.tagging && fault_name(faults[0].syndrome) == "TagCheck";
    if (faults.empty() || modelled || std::any_of(p.printed.begin(), p.printed.end(), asked)) continue;
    texts.push_back(fmt::format("P{} stops with {} at {}", item.thread, fault_name(faults[0].syndrome),
                                fault_place(p, item, faults[0])));
  }
  return texts;
}

bool condition_holds(const LitmusProgram& p, const trace::Outcome& o) {
  return holds(p, p.condition, o);
}
bool passes_filter(const LitmusProgram& p, const trace::Outcome& o) {
  return !p.filter || holds(p, *p.filter, o);
}

}  // namespace isobar::scenarios
