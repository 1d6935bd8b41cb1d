#include "scenarios/import/litmus_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "isa/alu_op.h"
#include "isa/decoder.h"
#include "scenarios/import/litmus_code.h"
#include "scenarios/import/litmus_options.h"
#include "support/bits.h"

namespace isobar::scenarios {
namespace {

constexpr u64 kLine = 64;  ///< every location starts a line of its own
constexpr u64 kPage = 4096;
constexpr u64 kVectors = kLitmusCodeStride / 2;  ///< from a thread's code to its exception vectors
constexpr u64 kSynchronousFromEl0 = 0x400;       ///< Arm ARM D1.3.1.4
constexpr u32 kMaxInstructions = kVectors / 4 - 1;
constexpr u32 kMaxHandler = 32;  ///< what fits before the next vector

u64 align_up(u64 v, u64 a) {
  return align_down(v + a - 1, a);
}

std::vector<u8> bytes_of(const std::vector<u32>& words) {
  std::vector<u8> bytes;
  for (const u32 word : words)
    for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<u8>(word >> (8 * i)));
  return bytes;
}

/// B over `distance` bytes forward.
u32 branch_to(u64 distance) { return 0x14000000 | static_cast<u32>(distance / 4); }

/// A constant of the test as a number. Addresses count with all their bits whatever type receives them.
struct Constant {
  u64 value = 0;
  bool exact = false;
};

class Builder {
 public:
  Builder(const LitmusTest& test, const LitmusOptions& options) : test_(test), options_(options) {}

  LitmusProgram build() {
    p_.name = test_.name;
    p_.file = test_.file;
    p_.condition_text = condition_text(test_);
    p_.quantifier = test_.quantifier;
    if (test_.architecture != "AArch64")
      unsupported({1, 1}, fmt::format("architecture {}", test_.architecture));
    check_threads();
    p_.config = litmus_machine(test_, threads(), options_);
    place_labels();
    declare_locations();
    declare_registers();
    assemble();
    for (const LitmusPlace& place : test_.locations) print(item(place));
    p_.condition = term(test_.condition, true);
    if (test_.filter) p_.filter = term(*test_.filter, false);
    watch_faults();
    lay_out();
    const std::string invalid = p_.config.invalid();
    if (!invalid.empty()) throw InputError(Diagnostic{{test_.file, 0, 0}, invalid});
    return std::move(p_);
  }

 private:
  Location at(LitmusPosition w) const { return {test_.file, w.line, w.column}; }
  [[noreturn]] void wrong(LitmusPosition w, const std::string& message) const {
    throw InputError(Diagnostic{at(w), message});
  }
  [[noreturn]] void unsupported(LitmusPosition w, const std::string& why) const {
    throw UnsupportedError(at(w), why);
  }

  unsigned threads() const {
    return static_cast<unsigned>(
        std::count_if(test_.threads.begin(), test_.threads.end(), [](const auto& t) { return !t.handler; }));
  }
  u64 code_base(unsigned thread) const { return kLitmusCode + thread * kLitmusCodeStride; }
  /// Where column `t` starts: a handler stands in the exception vectors of its thread.
  u64 start(const LitmusThread& t) const {
    return code_base(t.number) + (t.handler ? kVectors + kSynchronousFromEl0 : 0);
  }
  bool has_handler(unsigned thread) const { return handler_words_.count(thread) != 0; }

  void check_threads() const;
  void place_labels();
  void declare_locations();
  void declare_registers();
  void assemble();
  void check_instruction(u32 word, const LitmusInstruction& i, bool in_handler, bool handled);
  void lay_out();
  void lay_out_handler(unsigned thread);
  void watch_faults();

  LitmusSymbol& symbol(const std::string& name);
  void initialise(const LitmusSymbol& s, const LitmusDeclaration& d);
  void store(const LitmusSymbol& s, u32 element, const LitmusValue& v);
  isa::Reg register_of(const LitmusPlace& place) const;
  Value register_value(const LitmusDeclaration& d, isa::Reg reg);
  Constant constant(const LitmusValue& v);
  void check_thread(const LitmusPlace& place) const;

  u32 item(const LitmusPlace& place);
  u32 new_item(LitmusItem i, const trace::Observable& first);
  u32 register_item(const LitmusPlace& place);
  u32 memory_item(const LitmusPlace& place, bool whole_array);
  u32 fault_item(const LitmusPlace& place);
  void print(u32 index);
  LitmusTerm term(const LitmusProposition& q, bool printed);
  LitmusTerm equality(const LitmusProposition& q);

  const LitmusTest& test_;
  const LitmusOptions& options_;
  LitmusProgram p_;
  LitmusLabels labels_;
  std::map<std::string, LitmusSymbol> symbols_;      ///< addresses are given when first asked for
  std::map<std::string, std::vector<u8>> contents_;  ///< of initialised symbols
  std::map<std::pair<unsigned, isa::Reg>, LitmusType> register_types_;
  std::vector<std::vector<u32>> words_;  ///< per thread
  std::map<unsigned, std::vector<u32>> handler_words_;
  std::vector<u64> jumped_to_;           ///< addresses that indirect branches may reach
  u64 next_data_ = kLitmusData;
  bool indirect_branches_ = false;
  bool needs_el1_ = false;
};

void Builder::check_threads() const {
  for (const LitmusThread& t : test_.threads) {
    if (t.handler && t.code.size() > kMaxHandler)
      unsupported(t.where, fmt::format("a fault handler of more than {} instructions", kMaxHandler));
    if (t.code.size() > kMaxInstructions)
      wrong(t.where, fmt::format("more than {} instructions", kMaxInstructions));
  }
  if (threads() > kMaxCores)
    unsupported(test_.threads[kMaxCores].where, fmt::format("more than {} threads", kMaxCores));
}

void Builder::check_thread(const LitmusPlace& place) const {
  if (place.thread >= threads())
    wrong(place.where, fmt::format("there is no thread P{}: the last is P{}", place.thread, threads() - 1));
}

void Builder::place_labels() {
  labels_.of_thread.resize(threads());
  for (const LitmusThread& t : test_.threads) {
    for (const LitmusLabel& l : t.labels) {
      const u64 address = start(t) + 4 * u64{l.index};
      labels_.of_thread[t.number][l.name] = address;
      p_.labels.emplace(address, fmt::format("P{}:{}", t.number, l.name));
    }
    if (!t.handler) p_.code_bytes.push_back(4 * t.code.size());
  }
}

LitmusSymbol& Builder::symbol(const std::string& name) {
  LitmusSymbol& s = symbols_[name];
  if (s.address == 0) {
    s.name = name;
    s.address = next_data_;
    next_data_ += align_up(u64{s.size} * s.count, kLine);
  }
  return s;
}

void Builder::declare_locations() {
  for (const LitmusDeclaration& d : test_.init) {
    if (d.place.kind == LitmusPlace::Kind::Unmodelled) {
      unsupported(d.place.where,
                  fmt::format("'{}' (page tables, memory tags) is not modelled", d.place.name));
    }
    if (d.place.kind != LitmusPlace::Kind::Memory) continue;
    if (symbols_.count(d.place.name) != 0)
      wrong(d.place.where, fmt::format("'{}' is declared twice", d.place.name));
    LitmusSymbol& s = symbols_[d.place.name];
    s.size = d.type.size;
    s.is_signed = d.type.is_signed;
    const bool holds_address =
        d.value && (d.value->kind == LitmusValue::Kind::Address || d.value->kind == LitmusValue::Kind::Label);
    if (!d.type.declared && holds_address) {
      s.size = 8;
      s.is_signed = false;
    }
    if (d.place.index) {
      if (*d.place.index == 0) wrong(d.place.where, "an array needs at least one element");
      s.is_array = true;
      s.count = static_cast<u32>(*d.place.index);
    }
  }
  for (const LitmusDeclaration& d : test_.init) {
    if (d.place.kind == LitmusPlace::Kind::Memory) symbol(d.place.name);
  }
  for (const LitmusDeclaration& d : test_.init) {
    if (d.place.kind == LitmusPlace::Kind::Memory && d.value) initialise(symbol(d.place.name), d);
  }
}

void Builder::initialise(const LitmusSymbol& s, const LitmusDeclaration& d) {
  const LitmusValue& v = *d.value;
  if (!s.is_array) return store(s, 0, v);
  if (v.kind != LitmusValue::Kind::List)
    wrong(v.where, fmt::format("expected a list in braces for the array '{}'", s.name));
  if (v.list.size() > s.count)
    wrong(v.where, fmt::format("'{}' has {} elements, this list has {}", s.name, s.count, v.list.size()));
  for (u32 i = 0; i < v.list.size(); ++i) store(s, i, v.list[i]);
}

void Builder::store(const LitmusSymbol& s, u32 element, const LitmusValue& v) {
  const Constant c = constant(v);
  if (c.exact && s.size < 8)
    wrong(v.where, fmt::format("an address does not fit in the {} bytes of '{}'", s.size, s.name));
  std::vector<u8>& bytes = contents_[s.name];
  bytes.resize(std::size_t{s.size} * s.count);
  const u64 high = v.negative ? ~u64{0} : 0;
  for (unsigned i = 0; i < s.size; ++i) {
    bytes[std::size_t{element} * s.size + i] = static_cast<u8>(i < 8 ? c.value >> (8 * i) : high);
  }
}

isa::Reg Builder::register_of(const LitmusPlace& place) const {
  check_thread(place);
  const isa::Reg reg = isa::parse_register(place.name);
  if (reg == isa::Reg::None || isa::is_uop_result(reg))
    unsupported(place.where, fmt::format("register {} is not modelled", place.name));
  // Tests run with the stack pointer of EL0 selected.
  return reg == isa::Reg::SP ? isa::Reg::SP_EL0 : reg;
}

Value Builder::register_value(const LitmusDeclaration& d, isa::Reg reg) {
  const LitmusValue& v = *d.value;
  if (!isa::is_vector(reg)) {
    const Constant c = constant(v);
    if (!d.type.declared || c.exact || d.type.size >= 8) return {c.value, 0};
    const unsigned width = 8u * d.type.size;
    return {d.type.is_signed ? sign_extend(c.value, width) : c.value & ones(width), 0};
  }
  if (v.kind != LitmusValue::Kind::List) {
    return {constant(v).value, v.negative ? ~u64{0} : 0};
  }
  if (v.list.empty() || 16 % v.list.size() != 0) wrong(v.where, "expected 1, 2, 4, 8 or 16 lanes");
  const unsigned lane = 16 / static_cast<unsigned>(v.list.size());
  Value r;
  for (unsigned i = 0; i < v.list.size(); ++i) {
    const u64 c = constant(v.list[i]).value;
    for (unsigned b = 0; b < lane; ++b) r.set_byte(i * lane + b, static_cast<u8>(b < 8 ? c >> (8 * b) : 0));
  }
  return r;
}

void Builder::declare_registers() {
  p_.program.reset.resize(threads());
  std::map<std::pair<unsigned, isa::Reg>, Value> values;
  for (const LitmusDeclaration& d : test_.init) {
    if (d.place.kind != LitmusPlace::Kind::Register) continue;
    const isa::Reg reg = register_of(d.place);
    const std::pair key{d.place.thread, reg};
    if (d.type.declared) register_types_[key] = d.type;
    if (!d.value) continue;
    if (!values.emplace(key, register_value(d, reg)).second)
      wrong(d.place.where, fmt::format("{} is initialised twice", to_text(d.place)));
  }
  for (const auto& [key, value] : values)
    p_.program.reset[key.first].registers.emplace_back(key.second, value);
}

Constant Builder::constant(const LitmusValue& v) {
  switch (v.kind) {
    case LitmusValue::Kind::Number: return {v.number, false};
    case LitmusValue::Kind::Address: {
      const LitmusSymbol& s = symbol(v.text);
      if (v.index >= s.count) wrong(v.where, fmt::format("'{}' has {} elements", v.text, s.count));
      return {s.address + v.number + v.index * s.size, true};
    }
    case LitmusValue::Kind::Label: {
      if (v.thread >= threads())
        wrong(v.where, fmt::format("there is no thread P{}: the last is P{}", v.thread, threads() - 1));
      const auto& own = labels_.of_thread[v.thread];
      const auto it = own.find(v.text);
      if (it == own.end()) wrong(v.where, fmt::format("there is no label '{}' in P{}", v.text, v.thread));
      jumped_to_.push_back(it->second);
      return {it->second, true};
    }
    case LitmusValue::Kind::Instruction: {
      const LitmusInstruction i{v.text, v.where};
      const LitmusLabels none;  // the instruction may end up anywhere
      const u32 word = assemble_litmus(i, 0, 0, none, test_.file);
      check_instruction(word, i, false, true);
      if (word >> 16 != 0) p_.instructions.emplace(word, instruction_text(i, 0, 0, none));
      return {word, false};
    }
    case LitmusValue::Kind::List: wrong(v.where, "a list is expected for arrays and vector registers only");
    case LitmusValue::Kind::Unmodelled: break;
  }
  unsupported(v.where, fmt::format("'{}' (page tables, memory tags) is not modelled", v.text));
}

void Builder::check_instruction(u32 word, const LitmusInstruction& i, bool in_handler, bool handled) {
  const bool is_udf = word >> 16 == 0;
  if (!is_udf && !isa::is_defined(word))
    unsupported(i.where, fmt::format("instruction '{}' is not modelled", i.text));
  const isa::Instruction& decoded = isa::decode_cached(word);
  for (unsigned k = 0; k < decoded.count; ++k) {
    const isa::Uop& u = decoded.uops[k];
    if (u.kind == isa::UopKind::Branch && u.branch_op() == isa::BranchOp::Indirect) indirect_branches_ = true;
    if (in_handler) continue;
    // The reference knows no exception levels: a test that uses EL1 runs there.
    if (u.kind == isa::UopKind::CacheOp && u.cache_op() >= isa::CacheOpKind::IcIallu) needs_el1_ = true;
    if (u.kind == isa::UopKind::CacheOp && u.cache_op() == isa::CacheOpKind::DcIvac) needs_el1_ = true;
    if (u.kind == isa::UopKind::SysRead || u.kind == isa::UopKind::SysWrite) {
      const isa::SystemRegister* r = isa::find_system_register(u.sys);
      const bool read = u.kind == isa::UopKind::SysRead;
      if (r && (read ? r->min_read_el : r->min_write_el) == 1) needs_el1_ = true;
    }
    if (u.kind == isa::UopKind::Exception && !is_udf && !handled)
      unsupported(i.where, fmt::format("'{}' needs a fault handler", i.text));
  }
}

void Builder::assemble() {
  words_.resize(threads());
  for (const LitmusThread& t : test_.threads)
    if (t.handler) handler_words_[t.number];
  for (const LitmusThread& t : test_.threads) {
    u64 pc = start(t);
    std::vector<u32>& words = t.handler ? handler_words_[t.number] : words_[t.number];
    for (const LitmusInstruction& i : t.code) {
      const u32 word = assemble_litmus(i, pc, t.number, labels_, test_.file);
      check_instruction(word, i, t.handler, has_handler(t.number));
      words.push_back(word);
      if (word >> 16 != 0 && p_.instructions.count(word) == 0) {
        p_.instructions.emplace(word, instruction_text(i, pc, t.number, labels_));
      }
      pc += 4;
    }
  }
}

u32 Builder::new_item(LitmusItem i, const trace::Observable& first) {
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

u32 Builder::register_item(const LitmusPlace& place) {
  LitmusItem i;
  const isa::Reg reg = register_of(place);
  i.name = fmt::format("{}:{}", place.thread, reg == isa::Reg::SP_EL0 ? "SP" : isa::name(reg));
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

u32 Builder::memory_item(const LitmusPlace& place, bool whole_array) {
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

u32 Builder::fault_item(const LitmusPlace& place) {
  check_thread(place);
  if (place.where.line != 0 && has_handler(place.thread))
    unsupported(place.where, "whether a fault that a handler takes has happened is not observed");
  LitmusItem i;
  i.kind = LitmusItem::Kind::Fault;
  i.thread = place.thread;
  i.name = fmt::format("P{}", place.thread);
  if (!place.name.empty()) {
    const auto& own = labels_.of_thread[place.thread];
    const auto label = own.find(place.name);
    if (label == own.end())
      wrong(place.where, fmt::format("there is no label '{}' in P{}", place.name, place.thread));
    i.pc = label->second;
    i.name += ":" + place.name;
  }
  for (const std::string& detail : place.details) {
    if (detail != "UndefinedInstruction")
      unsupported(place.where, fmt::format("fault '{}' is not modelled", detail));
    i.undefined_only = true;
    i.name += "," + detail;
  }
  trace::Observable o;
  o.kind = trace::Observable::Kind::Fault;
  o.core = static_cast<u8>(place.thread);
  for (u32 k = 0; k < p_.items.size(); ++k) {
    if (p_.items[k].name == i.name) return k;
  }
  return new_item(std::move(i), o);
}

u32 Builder::item(const LitmusPlace& place) {
  switch (place.kind) {
    case LitmusPlace::Kind::Register: return register_item(place);
    case LitmusPlace::Kind::Memory: return memory_item(place, false);
    case LitmusPlace::Kind::Fault: return fault_item(place);
    case LitmusPlace::Kind::Unmodelled: break;
  }
  unsupported(place.where, fmt::format("'{}' (page tables, memory tags) is not modelled", place.name));
}

void Builder::print(u32 index) {
  if (std::find(p_.printed.begin(), p_.printed.end(), index) == p_.printed.end()) p_.printed.push_back(index);
}

LitmusTerm Builder::equality(const LitmusProposition& q) {
  LitmusTerm t;
  t.kind = q.kind;
  const bool list = q.value.kind == LitmusValue::Kind::List;
  t.item = q.place.kind == LitmusPlace::Kind::Memory ? memory_item(q.place, list) : item(q.place);
  const LitmusItem& i = p_.items[t.item];
  const bool many = i.kind == LitmusItem::Kind::Array || i.kind == LitmusItem::Kind::Vector;
  if (many != list)
    wrong(q.value.where, fmt::format("expected {} for {}", many ? "a list in braces" : "one value", i.name));
  if (!list) {
    const Constant c = constant(q.value);
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

LitmusTerm Builder::term(const LitmusProposition& q, bool printed) {
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

void Builder::watch_faults() {
  for (unsigned thread = 0; thread < threads(); ++thread) {
    LitmusPlace any;
    any.kind = LitmusPlace::Kind::Fault;
    any.thread = thread;
    any.where = {0, 0};  // not written in the test
    p_.fault_items.push_back(fault_item(any));
  }
}

/// Vectors of one thread: the handler where synchronous exceptions from EL0 go, branches to it where those from EL1 go.
void Builder::lay_out_handler(unsigned thread) {
  using namespace model;
  const u64 vectors = code_base(thread) + kVectors;
  const std::vector<u32>& words = handler_words_[thread];
  Program& program = p_.program;
  for (const u64 from : {u64{0}, u64{0x200}})
    program.segments.push_back({vectors + from, bytes_of({branch_to(kSynchronousFromEl0 - from)})});
  if (!words.empty()) program.segments.push_back({vectors + kSynchronousFromEl0, bytes_of(words)});
  program.regions.push_back({vectors, kPage, kReadEl0 | kWriteEl0 | kReadEl1 | kWriteEl1 | kExecEl0 | kExecEl1, -1,
                             fmt::format("P{}.F", thread)});
  program.stop.push_back(vectors + kSynchronousFromEl0 + 4 * words.size());
  program.reset[thread].registers.push_back({isa::Reg::VBAR_EL1, {vectors, 0}});
  program.has_kernel = true;
}

void Builder::lay_out() {
  using namespace model;
  constexpr u8 kReadWrite = kReadEl0 | kWriteEl0 | kReadEl1 | kWriteEl1;
  Program& program = p_.program;
  for (const auto& [name, s] : symbols_) {
    p_.symbols.emplace(s.address, s);
    const auto bytes = contents_.find(name);
    if (bytes != contents_.end()) program.segments.push_back({s.address, bytes->second});
  }
  std::sort(program.segments.begin(), program.segments.end(),
            [](const Segment& a, const Segment& b) { return a.base < b.base; });
  program.regions.push_back(
      {kLitmusData, std::max(align_up(next_data_ - kLitmusData, kPage), kPage), kReadWrite, -1, "data"});
  for (unsigned t = 0; t < threads(); ++t) {
    const u64 base = code_base(t);
    const u64 end = base + p_.code_bytes[t];
    if (!words_[t].empty()) program.segments.push_back({base, bytes_of(words_[t])});
    program.regions.push_back({base, align_up(p_.code_bytes[t] + 4, kPage), kReadWrite | kExecEl0 | kExecEl1,
                               -1, fmt::format("P{}", t)});
    program.stop.push_back(end);
    program.reset[t].pc = base;
    program.reset[t].el = needs_el1_ ? 1 : 0;
    program.reset[t].stops_on_exception = !has_handler(t);
    if (has_handler(t)) lay_out_handler(t);
  }
  if (!indirect_branches_) return;
  // Where an indirect branch may be guessed to go: labels whose address the test takes (ADR), and returns
  // from calls.
  for (unsigned t = 0; t < threads(); ++t) {
    for (u64 i = 0; i < words_[t].size(); ++i) {
      const isa::Instruction& decoded = isa::decode_cached(words_[t][i]);
      for (unsigned k = 0; k < decoded.count; ++k) {
        const isa::Uop& u = decoded.uops[k];
        const bool takes_pc = u.kind == isa::UopKind::Alu && u.op == static_cast<u16>(isa::AluOp::PcRelative);
        if (takes_pc) jumped_to_.push_back(code_base(t) + 4 * i + u.imm);
      }
    }
  }
  std::sort(jumped_to_.begin(), jumped_to_.end());
  jumped_to_.erase(std::unique(jumped_to_.begin(), jumped_to_.end()), jumped_to_.end());
  program.indirect_targets = jumped_to_;
}

}  // namespace

UnsupportedError::UnsupportedError(Location where, std::string why)
    : InputError(Diagnostic{std::move(where), "not supported: " + why}), reason_(std::move(why)) {}

LitmusProgram build_litmus(const LitmusTest& test, const LitmusOptions& options) {
  return Builder(test, options).build();
}

}  // namespace isobar::scenarios
