#include "scenarios/import/x86_program.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace isobar::scenarios {
namespace {

constexpr u32 kStackWords = 16;  ///< of a thread that pushes without having set RSP

X86Operand register_of(const LitmusPlace& p, const std::string& file) {
  const std::optional<X86Operand> r = parse_x86_register(p.name);
  if (!r) {
    throw InputError(Diagnostic{{file, p.where.line, p.where.column},
                                fmt::format("expected a register such as rax, found '{}'", p.name)});
  }
  return *r;
}

/// Renames the registers of a place: to the x86 name of all bits, or to the host register.
void rename(LitmusPlace& p, const std::string& file, bool host) {
  if (p.kind != LitmusPlace::Kind::Register) return;
  const X86Operand r = register_of(p, file);
  p.name = !host                                ? x86_register_name(r)
           : r.kind == X86Operand::Kind::Vector ? fmt::format("V{}", r.reg)
                                                : fmt::format("X{}", r.reg);
}

void rename(LitmusProposition& q, const std::string& file, bool host) {
  if (q.kind == LitmusProposition::Kind::Equal) rename(q.place, file, host);
  for (LitmusProposition& part : q.parts) rename(part, file, host);
}

void rename(LitmusTest& test, bool host) {
  for (LitmusDeclaration& d : test.init) rename(d.place, test.file, host);
  for (LitmusPlace& p : test.locations) rename(p, test.file, host);
  if (test.filter) rename(*test.filter, test.file, host);
  rename(test.condition, test.file, host);
}

bool uses_stack(const std::vector<X86Instruction>& code) {
  return std::any_of(code.begin(), code.end(),
                     [](const X86Instruction& i) { return i.op == X86Op::Push || i.op == X86Op::Pop; });
}

LitmusDeclaration location(const std::string& name) {
  LitmusDeclaration d;
  d.place.kind = LitmusPlace::Kind::Memory;
  d.place.name = name;
  return d;
}

void declare_locations(LitmusTest& frame, const std::vector<std::vector<X86Instruction>>& threads) {
  std::set<std::string> known;
  for (const LitmusDeclaration& d : frame.init)
    if (d.place.kind == LitmusPlace::Kind::Memory) known.insert(d.place.name);
  for (const auto& code : threads) {
    for (const X86Instruction& i : code) {
      const X86Operand* m = i.memory();
      if (m == nullptr || m->symbol.empty() || !known.insert(m->symbol).second) continue;
      frame.init.push_back(location(m->symbol));
    }
  }
}

void declare_stacks(LitmusTest& frame, const std::vector<std::vector<X86Instruction>>& threads) {
  for (unsigned t = 0; t < threads.size(); ++t) {
    const bool has_stack = std::any_of(frame.init.begin(), frame.init.end(), [&](const LitmusDeclaration& d) {
      return d.place.kind == LitmusPlace::Kind::Register && d.place.thread == t &&
             d.place.name == fmt::format("X{}", kX86Rsp);
    });
    if (has_stack || !uses_stack(threads[t])) continue;
    LitmusDeclaration stack = location(fmt::format("P{}_stack", t));
    stack.type = {true, false, false, false, 8};
    stack.place.index = kStackWords;
    LitmusDeclaration pointer;
    pointer.place.thread = t;
    pointer.place.name = fmt::format("X{}", kX86Rsp);
    pointer.value.emplace();
    pointer.value->kind = LitmusValue::Kind::Address;
    pointer.value->text = stack.place.name;
    pointer.value->index = kStackWords / 2;
    frame.init.push_back(stack);
    frame.init.push_back(pointer);
  }
}

class Variants {
 public:
  void add(std::string_view list, const Location& where) {
    std::string name;
    for (const char c : std::string(list) + ",") {
      if (c != ',' && c != ' ' && c != '\t') {
        name += c;
        continue;
      }
      if (!name.empty()) one(lower(name), where);
      name.clear();
    }
  }
  bool avx = false;

 private:
  void one(const std::string& name, const Location& where) {
    if (name == "avx") {
      avx = true;
    } else if (name != "mixed" && name != "telechat") {
      throw InputError(Diagnostic{
          where, fmt::format("unknown variant '{}' of an x86 test; expected avx, mixed or telechat", name)});
    }
  }
};

}  // namespace

bool is_x86(const LitmusTest& test) {
  return test.architecture == "X86_64";
}

void name_as_x86(LitmusProgram& p, const std::string& condition_text) {
  p.condition_text = condition_text;
  for (LitmusItem& i : p.items) {
    const std::size_t colon = i.name.find(':');
    if (colon == std::string::npos ||
        (i.kind != LitmusItem::Kind::Register && i.kind != LitmusItem::Kind::Vector))
      continue;
    const std::size_t dot = std::min(i.name.find('.'), i.name.size());
    const std::string host = i.name.substr(colon + 1, dot - colon - 1);
    X86Operand r;
    r.kind = host[0] == 'V' ? X86Operand::Kind::Vector : X86Operand::Kind::Register;
    r.reg = static_cast<u8>(std::stoul(host.substr(1)));
    i.name = i.name.substr(0, colon + 1) + x86_register_name(r) + i.name.substr(dot);
  }
}

X86Program build_x86(const LitmusTest& test, const LitmusOptions& options) {
  X86Program x;
  Variants variants;
  for (const LitmusInfo& info : test.info) {
    if (lower(info.key) == "variant")
      variants.add(info.value, {test.file, info.value_where.line, info.value_where.column});
  }
  for (const std::string& v : options.variants) variants.add(v, {"--variant", 0, 0});
  if (options.tso || options.tso_flavour) {
    throw InputError(
        Diagnostic{{test.file, 1, 1}, "--tso and --tso-flavour are for AArch64 tests: x86 is always TSO"});
  }
  x.atomic_vectors = variants.avx;
  for (const LitmusThread& t : test.threads) {
    if (t.handler)
      throw UnsupportedError({test.file, t.where.line, t.where.column}, "fault handlers of x86 tests");
    x.threads.push_back(parse_x86(t, test.file));
  }
  LitmusTest named = test;
  rename(named, false);
  x.frame = test;
  x.frame.architecture = "AArch64";
  x.frame.info.clear();
  rename(x.frame, true);
  for (LitmusThread& t : x.frame.threads) {
    t.code.clear();
    t.labels.clear();
  }
  declare_locations(x.frame, x.threads);
  declare_stacks(x.frame, x.threads);
  x.program = build_litmus(x.frame);
  name_as_x86(x.program, condition_text(named));
  for (const auto& [address, s] : x.program.symbols) {
    x.addresses[s.name] = address;
    x.memory_bytes = address + std::max<u64>(u64{s.size} * s.count, kX86LocationBytes) - kLitmusData;
  }
  return x;
}

}  // namespace isobar::scenarios
