// What a litmus test observes and asks: its items, and its condition over them.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/import/litmus_builder.h"
#include "scenarios/import/litmus_tags.h"

namespace isobar::scenarios {

u32 LitmusBuilder::new_item(LitmusItem i, const trace::Observable& first) {
  i.first = static_cast<u32>(p_.observables.size());
  trace::Observable o = first;
  const u32 observables = i.kind == LitmusItem::Kind::Array ? i.count : 1;
  for (u32 k = 0; k < observables; ++k) {
    o.label = i.kind == LitmusItem::Kind::Array ? fmt::format("{}[{}]", i.name, k) : i.name;
    p_.observables.push_back(o);
    o.addr += i.size;
  }
  p_.items.push_back(std::move(i));
  return static_cast<u32>(p_.items.size() - 1);
}

u32 LitmusBuilder::register_item(const LitmusPlace& place) {
  LitmusItem i;
  const isa::Reg reg = register_of(place);
  const std::string_view name = is_tag_fault_status(place.name) ? "TFSR_ELx" : isa::name(reg);
  i.name = fmt::format("{}:{}", place.thread, reg == isa::Reg::SP_EL0 ? "SP" : name);
  const auto type = register_types_.find({place.thread, reg});
  if (type != register_types_.end()) {
    i.size = type->second.size;
    i.is_signed = type->second.is_signed;
  } else if (isa::is_system(reg)) {
    i.size = 8;
    i.is_signed = false;
  }
  trace::Observable o;
  o.kind = trace::Observable::Kind::Register;
  o.core = static_cast<u8>(place.thread);
  o.reg = reg;
  o.size = 8;
  if (isa::is_vector(reg)) {
    const std::string& a = place.arrangement;
    const std::size_t letter = a.empty() ? std::string::npos : std::string("BHSD").find(a.back());
    i.kind = LitmusItem::Kind::Vector;
    i.size = static_cast<u8>(letter == std::string::npos ? 16 : 1u << letter);
    i.count = 16u / i.size;
    if (letter == std::string::npos || a != fmt::format("{}{}", i.count, a.back())) {
      unsupported(place.where,
                  fmt::format("{}: a vector register is observed as 16B, 8H, 4S or 2D", to_text(place)));
    }
    i.name += "." + a;
    i.is_signed = true;
    o.size = 16;
  } else if (!place.arrangement.empty()) {
    wrong(place.where, fmt::format("{} is not a vector register", i.name));
  }
  for (u32 k = 0; k < p_.items.size(); ++k) {
    if (p_.items[k].name == i.name) return k;
  }
  return new_item(std::move(i), o);
}

u32 LitmusBuilder::memory_item(const LitmusPlace& place, bool whole_array) {
  const LitmusSymbol& s = symbol(place.name);
  LitmusItem i;
  i.size = s.size;
  i.is_signed = s.is_signed;
  trace::Observable o;
  o.kind = trace::Observable::Kind::Memory;
  o.addr = s.address;
  o.size = s.size;
  if (s.is_array && !place.index) {
    i.kind = LitmusItem::Kind::Array;
    i.count = s.count;
    i.name = s.name;
  } else {
    if (whole_array) wrong(place.where, fmt::format("'{}' is not an array", s.name));
    if (place.index.value_or(0) >= s.count)
      wrong(place.where, fmt::format("'{}' has {} elements", s.name, s.count));
    i.kind = LitmusItem::Kind::Memory;
    i.name = to_text(place);
    o.addr += place.index.value_or(0) * s.size;
  }
  for (u32 k = 0; k < p_.items.size(); ++k) {
    if (p_.items[k].name == i.name) return k;
  }
  return new_item(std::move(i), o);
}

/// Does a fault end the thread?
bool LitmusBuilder::stops_on_fault(unsigned thread) const {
  return !has_handler(thread) && machine_.untaken == model::UntakenException::Stops;
}

u32 LitmusBuilder::fault_item(const LitmusPlace& place) {
  check_thread(place);
  LitmusItem i;
  i.kind = LitmusItem::Kind::Fault;
  i.thread = place.thread;
  i.name = fmt::format("P{}", place.thread);
  i.count = stops_on_fault(place.thread) ? 1 : model::kMaxTakenFaults;
  i.fault.sticky = has_sticky_faults(place.thread);
  if (!place.name.empty()) {
    const auto& own = labels_.of_thread[place.thread];
    const auto label = own.find(place.name);
    if (label == own.end())
      wrong(place.where, fmt::format("there is no label '{}' in P{}", place.name, place.thread));
    i.fault.pc = label->second;
    i.name += ":" + place.name;
  }
  for (const std::string& detail : place.details) {
    i.name += "," + detail;
    const std::string location = detail.substr(0, detail.find(':'));
    if (is_fault_type(detail))
      i.fault.type = detail;
    else if (symbols_.count(location) != 0)
      i.fault.location = location;
    else
      unsupported(place.where, fmt::format("fault '{}' is not modelled", detail));
  }
  for (u32 k = 0; k < p_.items.size(); ++k) {
    if (p_.items[k].name == i.name) return k;
  }
  i.first = static_cast<u32>(p_.observables.size());
  for (u32 k = 0; k < i.count; ++k) {
    trace::Observable o;
    o.core = static_cast<u8>(place.thread);
    o.index = static_cast<u8>(k);
    o.label = i.name;
    for (const auto kind : {trace::Observable::Kind::Fault, trace::Observable::Kind::FaultAddress}) {
      o.kind = kind;
      p_.observables.push_back(o);
    }
  }
  if (i.fault.sticky) {
    trace::Observable o;
    o.core = static_cast<u8>(place.thread);
    o.reg = tag_fault_status(place.thread);
    o.label = i.name;
    p_.observables.push_back(o);
  }
  p_.program.remember_faults |= i.count > 1;
  p_.items.push_back(std::move(i));
  return static_cast<u32>(p_.items.size() - 1);
}

u32 LitmusBuilder::item(const LitmusPlace& place) {
  switch (place.kind) {
    case LitmusPlace::Kind::Register: return register_item(place);
    case LitmusPlace::Kind::Memory: return memory_item(place, false);
    case LitmusPlace::Kind::Fault: return fault_item(place);
    case LitmusPlace::Kind::Tag: return tag_item(place);
    case LitmusPlace::Kind::Unmodelled: break;
  }
  unsupported(place.where, fmt::format("'{}' is not modelled", place.name));
}

void LitmusBuilder::print(u32 index) {
  if (std::find(p_.printed.begin(), p_.printed.end(), index) == p_.printed.end()) p_.printed.push_back(index);
}

LitmusTerm LitmusBuilder::equality(const LitmusProposition& q) {
  LitmusTerm t;
  t.kind = q.kind;
  const bool list = q.value.kind == LitmusValue::Kind::List;
  t.item = q.place.kind == LitmusPlace::Kind::Memory ? memory_item(q.place, list) : item(q.place);
  const LitmusItem& i = p_.items[t.item];
  const bool many = i.kind == LitmusItem::Kind::Array || i.kind == LitmusItem::Kind::Vector;
  if (many != list)
    wrong(q.value.where, fmt::format("expected {} for {}", many ? "a list in braces" : "one value", i.name));
  if (!list) {
    const LitmusConstant c = constant(q.value);
    t.exact = c.exact;
    t.values.push_back(c.value);
    return t;
  }
  if (q.value.list.size() != i.count)
    wrong(q.value.where,
          fmt::format("{} has {} elements, this list has {}", i.name, i.count, q.value.list.size()));
  for (const LitmusValue& v : q.value.list) t.values.push_back(constant(v).value);
  return t;
}

LitmusTerm LitmusBuilder::term(const LitmusProposition& q, bool printed) {
  LitmusTerm t;
  t.kind = q.kind;
  if (q.kind == LitmusProposition::Kind::Equal) {
    t = equality(q);
  } else if (q.kind == LitmusProposition::Kind::Fault) {
    t.item = fault_item(q.place);
  } else {
    for (const LitmusProposition& part : q.parts) t.parts.push_back(term(part, printed));
    return t;
  }
  if (printed) print(t.item);
  return t;
}

void LitmusBuilder::watch_faults() {
  for (unsigned thread = 0; thread < threads(); ++thread) {
    if (!stops_on_fault(thread)) continue;
    LitmusPlace any;
    any.kind = LitmusPlace::Kind::Fault;
    any.thread = thread;
    any.where = {0, 0};  // not written in the test
    p_.fault_items.push_back(fault_item(any));
  }
}

}  // namespace isobar::scenarios
