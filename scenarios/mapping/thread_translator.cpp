#include "scenarios/mapping/thread_translator.h"

#include <fmt/format.h>

#include <algorithm>

namespace isobar::scenarios {
namespace {

constexpr unsigned kAddress = 16, kSource = 17, kOld = 18;
constexpr unsigned kNewLow = 20, kNewHigh = 21;

std::string x(unsigned n) {
  return host_register(n, 8);
}
std::string sized(unsigned n, unsigned size) {
  return host_register(n, size);
}
std::string label_name(u32 index) {
  return fmt::format("I{}", index);
}

}  // namespace

ThreadTranslator::ThreadTranslator(const X86Program& program, const Mapping& mapping, unsigned thread,
                                   Translation& out)
    : x_(program),
      mapping_(mapping),
      thread_(thread),
      code_(program.threads[thread]),
      out_(out),
      t_(out.test.threads[thread]),
      last_store_(code_.size(), false) {}

void ThreadTranslator::run() {
  if (mapping_.blocks) find_last_stores();
  std::vector<bool> is_target(code_.size() + 1, false);
  for (const X86Instruction& i : code_) {
    if (i.op == X86Op::Jmp || i.op == X86Op::Jcc) is_target[i.target] = true;
    if (i.op == X86Op::Ret) is_target[code_.size()] = true;
  }
  for (u32 n = 0; n < code_.size(); ++n) {
    where_ = code_[n].where;
    if (is_target[n]) t_.labels.push_back({label_name(n), static_cast<u32>(t_.code.size()), where_});
    const u32 first = static_cast<u32>(t_.code.size());
    one(n);
    out_.instructions.push_back({thread_, first, static_cast<u32>(t_.code.size()) - first, code_[n].text});
  }
  end_of_block();
  const u32 end = static_cast<u32>(code_.size());
  if (is_target[end]) t_.labels.push_back({label_name(end), static_cast<u32>(t_.code.size()), where_});
  for (const auto& [name, reg] : symbols_) {
    LitmusDeclaration d;
    d.place.thread = thread_;
    d.place.name = fmt::format("X{}", reg);
    d.value.emplace();
    d.value->kind = LitmusValue::Kind::Address;
    d.value->text = name;
    out_.test.init.push_back(std::move(d));
  }
}

void ThreadTranslator::one(u32 index) {
  index_ = index;
  const X86Instruction& i = code_[index];
  const bool store = counts_as_store(i) && !is_locked(i);
  if (store) before_store();
  switch (i.op) {
    case X86Op::Nop: break;
    case X86Op::Mfence: sequence("mfence", 8, common_values(8)); break;
    case X86Op::Lfence: sequence("lfence", 8, common_values(8)); break;
    case X86Op::Sfence: sequence("sfence", 8, common_values(8)); break;
    case X86Op::Push:
    case X86Op::Pop: push_or_pop(i); break;
    case X86Op::RepMovs: copy(i); break;
    case X86Op::Jmp:
    case X86Op::Jcc:
    case X86Op::Ret: jump(i); break;
    default:
      if (i.op != X86Op::Lea && i.memory() != nullptr) {
        memory_operation(i);
      } else {
        local(i);
      }
  }
  if (store) after_store();
}

void ThreadTranslator::memory_operation(const X86Instruction& i) {
  if (i.op == X86Op::MovVector || i.op == X86Op::MovLow) return vector(i);
  if (i.op == X86Op::Cmpxchg16b) return compare_exchange_16(i);
  if (i.op == X86Op::Cmpxchg) return compare_exchange(i);
  if (is_locked(i)) return locked_rmw(i);
  if (is_read_modify_write(i)) return plain_rmw(i);
  if (is_store(i)) return store_operation(i);
  load_operation(i);
}

void ThreadTranslator::load_to(unsigned reg, unsigned size, const std::string& at) {
  MappingValues v = common_values(size);
  v["t"] = sized(reg, size);
  v["a"] = at;
  sequence("load", size, v);
}

void ThreadTranslator::store_from(const std::string& reg, unsigned size, const std::string& at) {
  MappingValues v = common_values(size);
  v["t"] = reg;
  v["a"] = at;
  sequence("store", size, v);
}

void ThreadTranslator::load_operation(const X86Instruction& i) {
  const std::string at = address(*i.memory(), kAddress);
  if (i.op == X86Op::Cmp || i.op == X86Op::Test) {
    load_to(kOld, i.size, at);
    const std::string loaded = sized(kOld, i.size);
    const bool first = i.destination.is_memory();
    const std::string other = value(first ? i.source : i.destination, i.size, kSource);
    const std::string &a = first ? loaded : other, &b = first ? other : loaded;
    return compute(i, sized(kSource, i.size), a, b, true);
  }
  const X86Operand& d = i.destination;
  if (i.op == X86Op::Mov && i.size >= 4 && d.is_register()) return load_to(d.reg, i.size, at);
  if (i.op == X86Op::MovZero) {
    load_to(kOld, i.source_size, at);
    return write(d, sized(kOld, d.size), kOld);
  }
  load_to(kOld, i.size, at);
  if (i.op == X86Op::Mov) return write(d, sized(kOld, i.size), kOld);
  if (i.op == X86Op::Cmov) {
    const std::string own = sized(d.reg, std::max<unsigned>(4, i.size));
    emit(fmt::format("csel {}, {}, {}, {}", sized(kOld, std::max<unsigned>(4, i.size)),
                     sized(kOld, std::max<unsigned>(4, i.size)), own, condition(i)));
    return write(d, sized(kOld, i.size), kOld);
  }
  const std::string old = value(d, i.size, kAddress);
  compute(i, sized(kSource, i.size), old, sized(kOld, i.size), wants_flags(index_));
  write(d, sized(kSource, i.size), kSource);
}

void ThreadTranslator::store_operation(const X86Instruction& i) {
  const std::string at = address(i.destination, kAddress);
  if (i.op == X86Op::Set) {
    emit(fmt::format("cset {}, {}", sized(kSource, 4), condition(i)));
    return store_from(sized(kSource, 1), 1, at);
  }
  store_from(value(i.source, i.size, kSource), i.size, at);
}

std::string ThreadTranslator::other_operand(const X86Instruction& i) {
  if (i.op == X86Op::Inc || i.op == X86Op::Dec) {
    constant(kSource, i.size, 1);
    return sized(kSource, i.size);
  }
  if (i.op == X86Op::Neg || i.op == X86Op::Not) return {};
  return value(i.source, i.size, kSource);
}

void ThreadTranslator::plain_rmw(const X86Instruction& i) {
  const std::string at = address(i.destination, kAddress);
  load_to(kOld, i.size, at);
  const std::string other = other_operand(i);
  const std::string result = sized(kNewLow, i.size);
  compute(i, result, sized(kOld, i.size), other, wants_flags(index_));
  store_from(result, i.size, at);
  if (i.op == X86Op::Xadd) write(i.source, sized(kOld, i.size), kOld);
}

void ThreadTranslator::locked_rmw(const X86Instruction& i) {
  const std::string at = address(i.destination, kAddress);
  MappingValues v = common_values(i.size);
  v["a"] = at;
  v["o"] = sized(kOld, i.size);
  if (i.op == X86Op::Xchg) {
    v["s"] = value(i.source, i.size, kSource);
    sequence("xchg", i.size, v);
    return write(i.source, sized(kOld, i.size), kOld);
  }
  struct Form {
    const char *operation, *op, *lse;
  };
  Form f{"lock_add", "add", "ldadd"};
  if (i.op == X86Op::And) f = {"lock_and", "and", "ldclr"};
  if (i.op == X86Op::Or) f = {"lock_or", "orr", "ldset"};
  if (i.op == X86Op::Xor || i.op == X86Op::Not) f = {"lock_xor", "eor", "ldeor"};
  if (i.op == X86Op::Xadd) f.operation = "lock_xadd";
  if (i.op == X86Op::Neg || i.op == X86Op::Shl) unsupported(i, "has no single atomic operation");
  const bool specific = has(f.operation, i.size) && !(i.op != X86Op::Xadd && wants_flags(index_));
  const std::string operation = specific ? f.operation : "lock_rmw";
  const MappingSequence* s = mapping_.find(operation, i.size);
  const bool lse = s != nullptr && std::any_of(s->lines.begin(), s->lines.end(), [](const MappingLine& l) {
                     return l.text.find("{lse}") != std::string::npos || l.text.find("ldclr") == 0;
                   });
  std::string other = i.op == X86Op::Not ? "" : other_operand(i);
  if (i.op == X86Op::Not) {
    constant(kSource, i.size, ~u64{0});
    other = sized(kSource, i.size);
  }
  const std::string operand = other;
  const std::string scratch = sized(kNewLow, i.size);
  if (i.op == X86Op::Sub || i.op == X86Op::Dec) {
    emit(fmt::format("neg {}, {}", scratch, other));
    other = scratch;
  } else if (i.op == X86Op::And && lse) {
    emit(fmt::format("mvn {}, {}", scratch, other));
    other = scratch;
  }
  v["op"] = f.op;
  v["lse"] = f.lse;
  v["s"] = other;
  sequence(operation, i.size, v);
  if (wants_flags(index_)) compute(i, sized(kNewHigh, i.size), sized(kOld, i.size), operand, true);
  if (i.op == X86Op::Xadd) write(i.source, sized(kOld, i.size), kOld);
}

void ThreadTranslator::compare_exchange(const X86Instruction& i) {
  const std::string at = address(i.destination, kAddress);
  X86Operand rax;
  rax.kind = Kind::Register;
  rax.reg = kX86Rax;
  rax.size = i.size;
  const std::string old = sized(kOld, i.size), accumulator = sized(kX86Rax, i.size);
  if (is_locked(i)) {
    emit(i.size >= 4 ? fmt::format("mov {}, {}", old, accumulator)
                     : fmt::format("ubfx {}, {}, #0, #{}", old, accumulator, 8 * i.size));
    MappingValues v = common_values(i.size);
    v["a"] = at;
    v["c"] = old;
    v["n"] = value(i.source, i.size, kSource);
    sequence("lock_cmpxchg", i.size, v);
    flags_of_sum(i, accumulator, old, "cmp");
    return write(rax, old, kOld);
  }
  load_to(kOld, i.size, at);
  flags_of_sum(i, accumulator, old, "cmp");
  const std::string skip = fresh_label();
  write(rax, old, kOld);
  emit(fmt::format("b.ne {}", skip));
  store_from(value(i.source, i.size, kSource), i.size, at);
  t_.labels.push_back({skip, static_cast<u32>(t_.code.size()), where_});
}

void ThreadTranslator::compare_exchange_16(const X86Instruction& i) {
  if (!i.lock) unsupported(i, "is translated with LOCK only");
  const std::string at = address(i.destination, kOld);
  for (const auto& [to, from] : {std::pair<unsigned, unsigned>{kAddress, kX86Rax},
                                 {kSource, kX86Rdx},
                                 {kNewLow, kX86Rbx},
                                 {kNewHigh, kX86Rcx}})
    emit(fmt::format("mov {}, {}", x(to), x(from)));
  MappingValues v = common_values(8);
  v["a"] = at;
  v["c0"] = x(kAddress);
  v["c1"] = x(kSource);
  v["n0"] = x(kNewLow);
  v["n1"] = x(kNewHigh);
  sequence("lock_cmpxchg16b", 16, v);
  emit(fmt::format("cmp {}, {}", x(kAddress), x(kX86Rax)));
  emit(fmt::format("ccmp {}, {}, #0, eq", x(kSource), x(kX86Rdx)));
  emit(fmt::format("mov {}, {}", x(kX86Rax), x(kAddress)));
  emit(fmt::format("mov {}, {}", x(kX86Rdx), x(kSource)));
}

void ThreadTranslator::vector(const X86Instruction& i) {
  const bool store = i.destination.is_memory();
  const std::string at = address(store ? i.destination : i.source, kAddress);
  const X86Operand& r = store ? i.source : i.destination;
  const bool general = r.kind != Kind::Vector;
  const std::string operation = store ? "vector_store" : "vector_load";
  const MappingSequence* s = mapping_.find(operation, i.size);
  if (general) unsupported(i, "moves between memory and a general register: use MOV");
  if (s == nullptr) unsupported(i, fmt::format("the mapping {} has no {}", mapping_.name, operation));
  MappingValues v = common_values(8);
  v["a"] = at;
  v["q"] = fmt::format("{}{}", i.size == 16 ? 'Q' : i.size == 8 ? 'D' : 'S', r.reg);
  v["v"] = fmt::format("V{}", r.reg);
  sequence(operation, i.size, v);
}

void ThreadTranslator::push_or_pop(const X86Instruction& i) {
  const bool push = i.op == X86Op::Push;
  const std::string operation = push ? "push" : "pop", sp = x(kX86Rsp);
  MappingValues v = common_values(8);
  v["sp"] = sp;
  if (push) {
    v["t"] = value(i.destination, 8, kSource);
    if (has(operation, 8)) return sequence(operation, 8, v);
    emit(fmt::format("sub {}, {}, #8", x(kAddress), sp));
    store_from(v["t"], 8, x(kAddress));
    return emit(fmt::format("mov {}, {}", sp, x(kAddress)));
  }
  v["t"] = x(kOld);
  if (has(operation, 8)) {
    sequence(operation, 8, v);
  } else {
    load_to(kOld, 8, sp);
    emit(fmt::format("add {}, {}, #8", sp, sp));
  }
  write(i.destination, x(kOld), kOld);
}

void ThreadTranslator::copy(const X86Instruction& i) {
  const std::string loop = fresh_label(), end = fresh_label();
  const std::string from = x(kX86Rsi), to = x(kX86Rdi), count = x(kX86Rcx);
  emit(fmt::format("cbz {}, {}", count, end));
  t_.labels.push_back({loop, static_cast<u32>(t_.code.size()), where_});
  if (has("rep_movs", i.size)) {
    MappingValues v = common_values(i.size);
    v["t"] = sized(kSource, i.size);
    v["a"] = from;
    v["d"] = to;
    v["bytes"] = std::to_string(i.size);
    sequence("rep_movs", i.size, v);
  } else {
    load_to(kSource, i.size, from);
    store_from(sized(kSource, i.size), i.size, to);
    emit(fmt::format("add {0}, {0}, #{1}", from, i.size));
    emit(fmt::format("add {0}, {0}, #{1}", to, i.size));
  }
  emit(fmt::format("sub {0}, {0}, #1", count));
  emit(fmt::format("cbnz {}, {}", count, loop));
  t_.labels.push_back({end, static_cast<u32>(t_.code.size()), where_});
}

void ThreadTranslator::jump(const X86Instruction& i) {
  end_of_block();
  const std::string to = label_name(i.op == X86Op::Ret ? static_cast<u32>(code_.size()) : i.target);
  emit(i.op == X86Op::Jcc ? fmt::format("b.{} {}", condition(i), to) : "b " + to);
}

}  // namespace isobar::scenarios
