#include "scenarios/import/litmus_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/alu_op.h"
#include "isa/decoder.h"
#include "model/thread/translation.h"
#include "scenarios/import/litmus_flags.h"
#include "scenarios/import/litmus_tags.h"
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

}  // namespace

LitmusProgram LitmusBuilder::build() {
  p_.name = test_.name;
  p_.file = test_.file;
  p_.condition_text = condition_text(test_);
  p_.quantifier = test_.quantifier;
  if (test_.architecture != "AArch64")
    unsupported({1, 1}, fmt::format("architecture {}", test_.architecture));
  check_threads();
  machine_ = litmus_machine(test_, threads(), options_);
  p_.config = machine_.config;
  p_.flags = variant_flags(test_, options_);
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

u64 LitmusBuilder::start(const LitmusThread& t) const {
  return code_base(t.number) + (t.handler ? kVectors + kSynchronousFromEl0 : 0);
}

void LitmusBuilder::check_threads() const {
  for (const LitmusThread& t : test_.threads) {
    if (t.handler && t.code.size() > kMaxHandler)
      unsupported(t.where, fmt::format("a fault handler of more than {} instructions", kMaxHandler));
    if (t.code.size() > kMaxInstructions)
      wrong(t.where, fmt::format("more than {} instructions", kMaxInstructions));
  }
  if (threads() > kMaxCores)
    unsupported(test_.threads[kMaxCores].where, fmt::format("more than {} threads", kMaxCores));
}

void LitmusBuilder::check_thread(const LitmusPlace& place) const {
  if (place.thread >= threads())
    wrong(place.where, fmt::format("there is no thread P{}: the last is P{}", place.thread, threads() - 1));
}

void LitmusBuilder::place_labels() {
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

LitmusSymbol& LitmusBuilder::symbol(const std::string& written) {
  const auto described = location_of_table_entry(written);
  const std::string name = described ? table_entry_of(*described) : written;
  LitmusSymbol& s = symbols_[name];
  if (s.address != 0) return s;
  s.name = name;
  u64& next = described ? next_table_ : next_data_;
  if (described) {
    s.size = 8;
    s.is_signed = false;
  }
  s.address = next;
  next += align_up(u64{s.size} * s.count, machine_.page_tables && !described ? kPage : kLine);
  return s;
}

/// With page tables every location is in a page of its own, whose descriptor is the location PTE(name).
void LitmusBuilder::lay_out_pages() {
  std::vector<std::string> names;
  for (const auto& [name, s] : symbols_)
    if (!location_of_table_entry(name)) names.push_back(name);
  for (const std::string& name : names) {
    const LitmusSymbol s = symbol(name);
    if (u64{s.size} * s.count > kPage) unsupported({1, 1}, fmt::format("'{}' is larger than a page", name));
    const LitmusSymbol entry = symbol(table_entry_of(name));
    if (contents_.count(entry.name) == 0) {
      LitmusValue plain;
      plain.kind = LitmusValue::Kind::Descriptor;
      plain.text = fmt::format("(oa:PA({}))", name);
      store(entry, 0, plain);
    }
    p_.program.pages.push_back({s.address, entry.address});
    if (!machine_.mixed_sizes && contents_.count(name) != 0)
      p_.program.whole.push_back({s.address, u64{s.size} * s.count, s.size});
  }
  if (p_.program.pages.size() > 255) unsupported({1, 1}, "more than 255 locations with page tables");
  std::sort(p_.program.pages.begin(), p_.program.pages.end(),
            [](const model::Page& a, const model::Page& b) { return a.base < b.base; });
}

void LitmusBuilder::declare_locations() {
  for (const LitmusDeclaration& d : test_.init) {
    if (d.place.kind == LitmusPlace::Kind::Unmodelled) {
      unsupported(d.place.where, fmt::format("'{}' is not modelled", d.place.name));
    }
    if (d.place.kind != LitmusPlace::Kind::Memory) continue;
    const auto described = location_of_table_entry(d.place.name);
    const std::string name = described ? table_entry_of(*described) : d.place.name;
    if (symbols_.count(name) != 0) wrong(d.place.where, fmt::format("'{}' is declared twice", d.place.name));
    LitmusSymbol& s = symbols_[name];
    s.size = d.type.size;
    s.is_signed = d.type.is_signed;
    const bool holds_address =
        d.value && (d.value->kind == LitmusValue::Kind::Descriptor || d.value->kind == LitmusValue::Kind::Address || d.value->kind == LitmusValue::Kind::Label);
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
    if (d.place.kind == LitmusPlace::Kind::Tag) initialise_tag(d);
  }
}

void LitmusBuilder::initialise(const LitmusSymbol& s, const LitmusDeclaration& d) {
  const LitmusValue& v = *d.value;
  if (!s.is_array) return store(s, 0, v);
  if (v.kind != LitmusValue::Kind::List)
    wrong(v.where, fmt::format("expected a list in braces for the array '{}'", s.name));
  if (v.list.size() > s.count)
    wrong(v.where, fmt::format("'{}' has {} elements, this list has {}", s.name, s.count, v.list.size()));
  for (u32 i = 0; i < v.list.size(); ++i) store(s, i, v.list[i]);
}

void LitmusBuilder::store(const LitmusSymbol& s, u32 element, const LitmusValue& v) {
  const LitmusConstant c = constant(v);
  if (c.exact && s.size < 8)
    wrong(v.where, fmt::format("an address does not fit in the {} bytes of '{}'", s.size, s.name));
  std::vector<u8>& bytes = contents_[s.name];
  bytes.resize(std::size_t{s.size} * s.count);
  const u64 high = v.negative ? ~u64{0} : 0;
  for (unsigned i = 0; i < s.size; ++i) {
    bytes[std::size_t{element} * s.size + i] = static_cast<u8>(i < 8 ? c.value >> (8 * i) : high);
  }
}

isa::Reg LitmusBuilder::register_of(const LitmusPlace& place) const {
  check_thread(place);
  if (is_tag_fault_status(place.name)) return tag_fault_status(place.thread);
  const isa::Reg reg = isa::parse_register(place.name);
  if (reg == isa::Reg::None || isa::is_uop_result(reg))
    unsupported(place.where, fmt::format("register {} is not modelled", place.name));
  // Tests run with the stack pointer of EL0 selected.
  return reg == isa::Reg::SP ? isa::Reg::SP_EL0 : reg;
}

Value LitmusBuilder::register_value(const LitmusDeclaration& d, isa::Reg reg) {
  const LitmusValue& v = *d.value;
  const bool tags = v.kind == LitmusValue::Kind::List && !v.list.empty() && v.list[0].kind == LitmusValue::Kind::Tag;
  if (tags) return {tag_mask(v), 0};  // those that IRG excludes
  if (!isa::is_vector(reg)) {
    const LitmusConstant c = constant(v);
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

void LitmusBuilder::declare_registers() {
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

LitmusConstant LitmusBuilder::constant(const LitmusValue& v) {
  switch (v.kind) {
    case LitmusValue::Kind::Number: return {v.number, false};
    case LitmusValue::Kind::Address: {
      const LitmusSymbol& s = symbol(v.text);
      if (v.index >= s.count) wrong(v.where, fmt::format("'{}' has {} elements", v.text, s.count));
      const u64 tag = v.tag.empty() ? 0 : tag_of(v.tag, v.where);
      return {(s.address + v.number + v.index * s.size) | tag << 56, true};
    }
    case LitmusValue::Kind::Tag: return {tag_of(v.text, v.where), false};
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
    case LitmusValue::Kind::Descriptor: {
      const LitmusDescriptor d = parse_litmus_descriptor(v.text);
      if (!d.refused.empty())
        unsupported(v.where, fmt::format("'{}' in a page table entry is not modelled", d.refused));
      const u64 value = d.attributes | (d.output.empty() ? 0 : symbol(d.output).address);
      p_.descriptors.emplace(value, descriptor_text(value, d.output));
      for (const model::CoreConfig& core : p_.config.core) {
        for (const bool write : {false, true}) {
          const u64 after = model::updated_descriptor(core, {value}, write).bits;
          p_.descriptors.emplace(after, descriptor_text(after, d.output));
        }
      }
      return {value, true};
    }
    case LitmusValue::Kind::List: wrong(v.where, "a list is expected for arrays and vector registers only");
    case LitmusValue::Kind::Unmodelled: break;
  }
  unsupported(v.where, fmt::format("'{}' is not modelled", v.text));
}

void LitmusBuilder::check_instruction(u32 word, const LitmusInstruction& i, bool in_handler, bool handled) {
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
    if (u.kind == isa::UopKind::Exception && !is_udf && !handled && machine_.untaken == model::UntakenException::Stops)
      unsupported(i.where, fmt::format("'{}' needs a fault handler", i.text));
  }
}

void LitmusBuilder::assemble() {
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

/// Vectors of one thread: the handler where synchronous exceptions from EL0 go, branches to it where those from EL1 go.
void LitmusBuilder::lay_out_handler(unsigned thread) {
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

/// With page tables threads run at EL1 unless the test says otherwise.
bool LitmusBuilder::starts_at_el1(unsigned thread) const {
  const bool says_el0 = !machine_.el0.empty() && machine_.el0[thread];
  return (needs_el1_ || machine_.page_tables) && !says_el0;
}

void LitmusBuilder::lay_out() {
  using namespace model;
  constexpr u8 kReadWrite = kReadEl0 | kWriteEl0 | kReadEl1 | kWriteEl1;
  Program& program = p_.program;
  if (machine_.page_tables) lay_out_pages();
  for (const auto& [name, s] : symbols_) {
    p_.symbols.emplace(s.address, s);
    const auto bytes = contents_.find(name);
    if (bytes != contents_.end()) program.segments.push_back({s.address, bytes->second});
  }
  std::sort(program.segments.begin(), program.segments.end(),
            [](const Segment& a, const Segment& b) { return a.base < b.base; });
  program.regions.push_back(
      {kLitmusData, std::max(align_up(next_data_ - kLitmusData, kPage), kPage), kReadWrite, -1, "data"});
  if (next_table_ != kLitmusTables)
    program.regions.push_back({kLitmusTables, align_up(next_table_ - kLitmusTables, kPage), kReadWrite, -1, "tables"});
  for (unsigned t = 0; t < threads(); ++t) {
    const u64 base = code_base(t);
    const u64 end = base + p_.code_bytes[t];
    if (!words_[t].empty()) program.segments.push_back({base, bytes_of(words_[t])});
    program.regions.push_back({base, align_up(p_.code_bytes[t] + 4, kPage), kReadWrite | kExecEl0 | kExecEl1,
                               -1, fmt::format("P{}", t)});
    program.stop.push_back(end);
    program.reset[t].pc = base;
    program.reset[t].el = starts_at_el1(t) ? 1 : 0;
    program.reset[t].stops_on_exception = !has_handler(t);
    if (!has_handler(t)) program.reset[t].untaken = machine_.untaken;
    if (p_.config.tagging) program.reset[t].registers.push_back({isa::Reg::GCR_EL1, {0xffff & ~ones(kLitmusTags), 0}});
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

UnsupportedError::UnsupportedError(Location where, std::string why)
    : InputError(Diagnostic{std::move(where), "not supported: " + why}), reason_(std::move(why)) {}

LitmusProgram build_litmus(const LitmusTest& test, const LitmusOptions& options) {
  return LitmusBuilder(test, options).build();
}

}  // namespace isobar::scenarios
